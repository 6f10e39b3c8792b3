import { type Frame, mostFrames, type Trace } from './frame.ts';
import { isLibraryPath } from './library-path.ts';

const place = /:(\d{1,9}):\d{1,9}$/;
const evalPlace = /\(([^()]+):(\d{1,9}):\d{1,9}\)/;
const placeless = /^(?:<anonymous>|native|index \d+|unknown location|\[native code\])$/;

/**
 * V8's ` at name (file:line:column)` and the `name@file:line:column` of Firefox and Safari. What is
 * printed after the frames as a cause is left out: `error.stack` never has it, so that the same
 * error would otherwise be another one depending on who reported it.
 */
export function readJavaScript(lines: string[]): Trace {
  const frames: Frame[] = [];
  for (const line of lines) {
    const frame = v8Frame(line) ?? geckoFrame(line);
    if (frame !== null) frames.push(frame);
    else if (frames.length > 0 && /\[(?:cause|errors)\]: |Caused by: /.test(line)) break;
    if (frames.length === mostFrames) break;
  }
  return { frames, cause: null };
}

function v8Frame(line: string): Frame | null {
  const at = line.startsWith('at ') ? 0 : line.search(/\sat /) + 1;
  if (at === 0 && !line.startsWith('at ')) return null;
  const call = callOf(line.slice(at + 3));
  const open = call.indexOf(' (');
  if (open < 0 || !call.endsWith(')')) return frameAt(null, call);
  return frameAt(call.slice(0, open), call.slice(open + 2, -1));
}

/** Without what `console.log` prints around it. */
function callOf(written: string): string {
  const call = written.startsWith('async ') ? written.slice(6) : written;
  const end = call.endsWith(')') ? call : call.trimEnd();
  return /[{,]$/.test(end) ? end.slice(0, -1).trimEnd() : end;
}

function geckoFrame(line: string): Frame | null {
  const at = line.indexOf('@');
  return at < 0 ? null : frameAt(line.slice(0, at).trim() || null, line.slice(at + 1).trimEnd());
}

function frameAt(name: string | null, written: string): Frame | null {
  const location = written.startsWith('address at ') ? written.slice(11) : written;
  if (location.startsWith('eval at ')) return evalFrame(name, location);
  const match = place.exec(location);
  if (match === null) {
    const known = name !== null && placeless.test(location);
    return known ? { file: null, function: name, line: null, inApp: false } : null;
  }
  // Firefox writes ` line 3 > eval` after the file that called eval.
  const file = location.slice(0, match.index).replace(/ line \d+ > .*$/, '');
  if (file === '<anonymous>') return { file: null, function: name, line: null, inApp: false };
  return { file, function: name, line: Number(match[1]), inApp: !isLibraryPath(file) };
}

/** Evaluated code has no file: the file that evaluates it stands for it. */
function evalFrame(name: string | null, location: string): Frame {
  const [, file, line] = evalPlace.exec(location) ?? [];
  if (file === undefined) return { file: null, function: name, line: null, inApp: false };
  return { file, function: name, line: Number(line), inApp: !isLibraryPath(file) };
}
