import type { TaskDiff } from '@borgos/contracts/agent-reviews';
import type { Opened } from './worktrees.ts';

type DiffFile = TaskDiff['files'][number];

const mostPatchBytes = 1_048_576;
const mostFiles = 1_000;
const mostFileCharacters = 131_072;

/** What is different in a worktree from where it began: all files, and as much of each as fits. */
export async function readDiff(
  { git, place }: Opened,
  baseCommit: string,
  tree: string,
): Promise<Pick<TaskDiff, 'files' | 'files_changed' | 'additions' | 'deletions' | 'truncated'>> {
  const compare = ['diff-tree', '-r', '-M', '--no-ext-diff', '--no-textconv'];
  const raw = await git.run(place, [...compare, '--raw', '--numstat', '-z', baseCommit, tree]);
  const files = filesOf(raw);
  const shown = files.slice(0, mostFiles);
  const patch = await git.ask(place, [...compare, '-p', baseCommit, tree], {
    mostBytes: mostPatchBytes,
  });
  const patches = patch.output.split(/^(?=diff --git )/m).filter((part) => part !== '');
  let truncated = patch.isCut || files.length > shown.length;
  shown.forEach((file, at) => {
    const text = patches[at];
    const isLast = at === patches.length - 1;
    file.is_truncated =
      text === undefined || (patch.isCut && isLast) || text.length > mostFileCharacters;
    file.hunks = hunksOf((text ?? '').slice(0, mostFileCharacters));
    truncated ||= file.is_truncated;
  });
  return {
    files: shown,
    files_changed: files.length,
    additions: files.reduce((sum, { additions }) => sum + additions, 0),
    deletions: files.reduce((sum, { deletions }) => sum + deletions, 0),
    truncated,
  };
}

const statusOf: Record<string, DiffFile['status']> = {
  A: 'added',
  D: 'deleted',
  R: 'renamed',
  C: 'added',
};

/** Of `--raw --numstat -z`: first the one of all files, then the other, in the same order. */
function filesOf(raw: string): DiffFile[] {
  const fields = raw.split('\0');
  const files: DiffFile[] = [];
  let at = 0;
  for (; fields[at]?.startsWith(':'); ) {
    const letter = fields[at]?.split(' ').at(-1)?.[0] ?? 'M';
    const isMoved = letter === 'R' || letter === 'C';
    const from = fields[at + 1] ?? '';
    files.push({
      path: (isMoved ? fields[at + 2] : from) ?? '',
      old_path: letter === 'R' ? from : null,
      status: statusOf[letter] ?? 'modified',
      additions: 0,
      deletions: 0,
      is_binary: false,
      is_truncated: false,
      hunks: [],
    });
    at += isMoved ? 3 : 2;
  }
  for (const file of files) {
    const [added = '0', deleted = '0', path] = fields[at]?.split('\t') ?? [];
    file.is_binary = added === '-';
    file.additions = Number(added) || 0;
    file.deletions = Number(deleted) || 0;
    // Of a file that was moved both paths follow.
    at += path === '' ? 3 : 1;
  }
  return files;
}

const hunkHeader = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

function hunksOf(patch: string): DiffFile['hunks'] {
  const [, ...parts] = patch.split(/^(?=@@ -)/m);
  return parts.flatMap((part) => {
    const header = hunkHeader.exec(part);
    if (!header) return [];
    const [, oldStart, oldLines = '1', newStart, newLines = '1'] = header;
    const end = part.indexOf('\n');
    return [
      {
        old_start: Number(oldStart),
        old_lines: Number(oldLines),
        new_start: Number(newStart),
        new_lines: Number(newLines),
        text: end < 0 ? '' : part.slice(end + 1).toWellFormed(),
      },
    ];
  });
}
