import { type Draft, dependency, MAX_DEPENDENCIES } from './draft.ts';
import { linesOf } from './lines-of.ts';
import type { Dependency } from './manifest.ts';

/** go.mod; what is `// indirect` was not asked for. */
export function readGoMod(text: string): Draft {
  const direct: Dependency[] = [];
  let name: string | undefined;
  let go: string | undefined;
  let block = '';
  for (const line of linesOf(text)) {
    const [code = '', comment = ''] = splitComment(line);
    const words = code.trim().split(/\s+/);
    if (block) {
      if (words[0] === ')') block = '';
      else if (block === 'require') addRequire(words, comment, direct);
    } else if (words[1] === '(') block = words[0] ?? '';
    else if (words[0] === 'require') addRequire(words.slice(1), comment, direct);
    else if (words[0] === 'module') name = unquoted(words[1] ?? '');
    else if (words[0] === 'go') go = words[1];
  }
  return { name, direct, packageManager: 'go', engines: go ? { go } : undefined };
}

/** go.work names the modules of a workspace. */
export function readGoWork(text: string): Draft {
  const workspaces: string[] = [];
  let inside = false;
  for (const line of linesOf(text)) {
    const words = (splitComment(line)[0] ?? '').trim().split(/\s+/);
    if (inside && words[0] === ')') inside = false;
    else if (inside && words[0]) workspaces.push(words[0]);
    else if (words[0] === 'use' && words[1] === '(') inside = true;
    else if (words[0] === 'use' && words[1]) workspaces.push(words[1]);
  }
  return { workspaces, packageManager: 'go' };
}

/**
 * go.sum. The lines of `/go.mod` name versions that were only looked at, and of several versions,
 * which are sorted, only the last one is built.
 */
export function readGoSum(text: string): Draft {
  const versions = new Map<string, string>();
  for (const line of linesOf(text)) {
    const found = /^(\S+) (v[^\s/]+) h1:/.exec(line);
    if (found) versions.set(found[1] ?? '', found[2] ?? '');
    if (versions.size >= MAX_DEPENDENCIES) break;
  }
  const locked = [...versions].map(([name, version]) => ({ name, version }));
  return { locked, packageManager: 'go' };
}

function splitComment(line: string): [string, string] {
  const mark = line.indexOf('//');
  return mark < 0 ? [line, ''] : [line.slice(0, mark), line.slice(mark + 2)];
}

function addRequire(words: readonly string[], comment: string, direct: Dependency[]): void {
  const [name = '', version = ''] = words.map(unquoted);
  if (!/\bindirect\b/.test(comment) && /^v\d/.test(version)) direct.push(dependency(name, version));
}

function unquoted(word: string): string {
  return word.replace(/^"|"$/g, '');
}
