import path from 'node:path/posix';
import { compileGlob, matchesGlob } from '../walk/glob.ts';
import { bytesOf } from '../walk/list-folder.ts';

const mostPatterns = 200;
const mostWorkspaces = 1_000;

/**
 * Which of a project's parts (folders with a manifest, relative, with slashes) are declared as its
 * workspaces. A pattern with `!` takes them out again, as for npm and pnpm; what leads out of the
 * project matches nothing.
 *
 * @param onWork called again and again, may throw to end what takes too long
 */
export function matchWorkspaces(
  parts: readonly string[],
  patterns: readonly string[],
  onWork: () => void,
): string[] {
  const globs = expandBraces(patterns).flatMap((pattern) => {
    const isNegated = pattern.startsWith('!');
    const plain = path.normalize(isNegated ? pattern.slice(1) : pattern).replace(/\/+$/, '');
    const glob = plain.startsWith('/') ? undefined : compileGlob(bytesOf(plain), false);
    return glob ? [{ glob, isNegated }] : [];
  });
  const found: string[] = [];
  for (const part of parts) {
    const bytes = bytesOf(part);
    let isIn = false;
    for (const { glob, isNegated } of globs) {
      onWork();
      if (isIn === isNegated && matchesGlob(glob, bytes, 0, onWork)) isIn = !isNegated;
    }
    if (isIn) found.push(part);
    if (found.length === mostWorkspaces) break;
  }
  return found.sort();
}

/** `{a,b}/*` is `a/*` and `b/*`. */
function expandBraces(patterns: readonly string[]): string[] {
  const waiting = patterns.slice(0, mostPatterns).reverse();
  const plain: string[] = [];
  for (let pattern = waiting.pop(); pattern !== undefined; pattern = waiting.pop()) {
    const [whole, before = '', choices = '', after = ''] =
      /^([^{}]*)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(pattern) ?? [];
    if (whole === undefined) plain.push(pattern);
    else for (const choice of choices.split(',').reverse()) waiting.push(before + choice + after);
    if (plain.length + waiting.length >= 2 * mostPatterns) break;
  }
  return plain.slice(0, mostPatterns);
}
