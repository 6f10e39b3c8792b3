import { type Frame, mostFrames, type Trace } from './frame.ts';
import { isLibraryPath } from './library-path.ts';

const placePattern = /(?:^|\s)(\S{1,500}\.(?:go|s)):(\d{1,9})(?: \+0x[0-9a-f]+)?\s*$/;

const standardPackages = new Set(
  (
    'archive bufio bytes cmp compress container context crypto database debug embed encoding ' +
    'errors expvar flag fmt go hash html image index internal io iter log maps math mime net os ' +
    'path plugin reflect regexp runtime slices sort strconv strings structs sync syscall testing ' +
    'text time unicode unique unsafe weak'
  ).split(' '),
);

/**
 * The first goroutine of a panic, or the stack that an error was made with: a line with the function,
 * and one with the place. Frames above `panic` are those that handle it, and not those that failed.
 */
export function readGo(lines: string[]): Trace {
  let frames: Frame[] = [];
  let before = '';
  for (const line of lines) {
    const match = line.includes(':') ? placePattern.exec(line) : null;
    if (match === null) {
      if (frames.length > 0 && /(?:^|\s)goroutine \d+ /.test(line)) break;
      before = line;
      continue;
    }
    const name = functionOf(before);
    before = '';
    if (name === null) continue;
    if (name === 'panic' || name === 'runtime.gopanic') frames = [];
    else frames.push(frameOf(name, match[1] ?? '', Number(match[2])));
    if (frames.length === mostFrames) break;
  }
  return { frames, cause: null };
}

/** Null for where the goroutine was started, which is no call. */
function functionOf(line: string): string | null {
  if (line.includes('created by ')) return null;
  const open = line.trimEnd().endsWith(')') ? startOfArguments(line.trimEnd()) : -1;
  const name = (open < 0 ? line : line.slice(0, open)).trim();
  return name.slice(name.lastIndexOf(' ') + 1) || null;
}

/** The parenthesis that the last one closes: a receiver such as `(*Store)` has its own. */
function startOfArguments(line: string): number {
  let depth = 0;
  for (let at = line.length - 1; at >= 0; at -= 1) {
    if (line[at] === ')') depth += 1;
    else if (line[at] === '(') depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

function frameOf(name: string, file: string, line: number): Frame {
  return { file, function: name, line, inApp: !isLibraryPath(file) && !isStandard(name, file) };
}

function isStandard(name: string, file: string): boolean {
  const [first = ''] = name.split(/[./]/, 1);
  if (!standardPackages.has(first)) return file.includes('@v');
  return !file.startsWith('/') || file.includes(`/src/${first}/`);
}
