import { open, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { CodeHit, SearchedProject } from '../code-engine.ts';

/** What is larger was hardly written by anybody; its hits stay as Zoekt has them. */
const mostBytes = 1024 ** 2;
const mostContent = 500;

/**
 * Zoekt knows files as they were when it indexed them. Moves each hit to where its line is now, and
 * leaves out those whose line is gone. Where a project is not on this machine nothing can be told.
 */
export async function presentHits(
  hits: readonly CodeHit[],
  projects: readonly SearchedProject[],
  { contextLines, signal }: { contextLines: number; signal: AbortSignal },
): Promise<CodeHit[]> {
  const files = new Map<string, Promise<string[] | null | undefined>>();
  const present: CodeHit[] = [];
  for (const hit of hits) {
    signal.throwIfAborted();
    const folder = projects.find(({ id }) => id === hit.projectId)?.path ?? '';
    const key = `${hit.projectId} ${hit.path}`;
    const reading = files.get(key) ?? linesOf(folder, hit.path);
    files.set(key, reading);
    const lines = await reading;
    if (lines === undefined) present.push(hit);
    else if (lines !== null) present.push(...moved(hit, lines, contextLines));
  }
  return present;
}

/** `null`: there is no such file any more; `undefined`: it cannot be told. */
async function linesOf(folder: string, path: string): Promise<string[] | null | undefined> {
  if (!(await isFolder(folder))) return undefined;
  try {
    const file = await realpath(join(folder, path));
    // A link may lead to what is not of the project.
    if (!file.startsWith(folder + sep)) return null;
    await using handle = await open(file);
    const { size } = await handle.stat();
    if (size > mostBytes) return undefined;
    const lines = (await handle.readFile('utf8')).split('\n');
    // What follows the last line's end is no line.
    if (lines.at(-1) === '') lines.pop();
    return lines.map((line) => line.replace(/\r$/, ''));
  } catch {
    return null;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function moved(hit: CodeHit, lines: readonly string[], contextLines: number): CodeHit[] {
  const is = (at: number) => lines[at]?.slice(0, mostContent) === hit.content;
  let at = hit.line - 1;
  if (!is(at)) {
    const same = lines.flatMap((_, index) => (is(index) ? index : []));
    const [nearest] = same.sort((a, b) => Math.abs(a - at) - Math.abs(b - at));
    if (nearest === undefined) return [];
    at = nearest;
  }
  const shift = at + 1 - hit.line;
  const { definition } = hit;
  return [
    {
      ...hit,
      line: at + 1,
      before: lines.slice(Math.max(0, at - contextLines), at).map(cut),
      after: lines.slice(at + 1, at + 1 + contextLines).map(cut),
      definition: definition && {
        ...definition,
        line: definition.line + shift,
        endLine: definition.endLine + shift,
      },
    },
  ];
}

function cut(line: string): string {
  return line.slice(0, mostContent);
}
