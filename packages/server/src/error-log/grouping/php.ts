import { type Frame, mostFrames, type Trace } from './frame.ts';
import { isLibraryPath } from './library-path.ts';

const callPattern = /(?:^|\s)#\d{1,5} (.*)$/;
const placePattern = /^([^()]{1,500})\((\d{1,9})\): (.*)$/;
const throwPattern = /(?: in | at )(\S{1,500}\.\w{1,10}):(\d{1,9})\)?\s*$/;
const thrownPattern = /thrown in (\S{1,500}) on line (\d{1,9})/;

interface Place {
  file: string;
  line: number;
}

/**
 * PHP writes where a function was called from, not where it is: so each function belongs to the place
 * of the line above, and the first to where the error was thrown. Of errors in a chain the one that
 * was not caught is read.
 */
export function readPhp(lines: string[]): Trace {
  let frames: Frame[] = [];
  let place: Place | null = null;
  let ended = false;
  for (const line of lines) {
    if (line.includes('[previous exception]')) break;
    const call = line.includes('#') ? callPattern.exec(line)?.[1] : undefined;
    if (call === undefined) {
      const thrown: Place | null = placeOf(throwPattern.exec(line));
      if (thrown !== null && (frames.length === 0 || line.startsWith('Next '))) {
        frames = [];
        place = thrown;
        ended = false;
      }
      continue;
    }
    if (ended || frames.length === mostFrames) continue;
    const [, file, number, called = call] = placePattern.exec(call) ?? [];
    frames.push(frameOf(called.replace(/^\[internal function\]: /, ''), place));
    ended = call.startsWith('{main}');
    place = file === undefined ? null : { file, line: Number(number) };
  }
  return { frames: frames.length > 0 ? frames : thrownAlone(lines), cause: null };
}

/** Without a trace there is at least the place. */
function thrownAlone(lines: string[]): Frame[] {
  for (const line of lines) {
    const place = placeOf(thrownPattern.exec(line));
    if (place !== null) return [frameOf(null, place)];
  }
  return [];
}

function placeOf(match: RegExpExecArray | null): Place | null {
  return match?.[1] === undefined ? null : { file: match[1], line: Number(match[2]) };
}

function frameOf(call: string | null, place: Place | null): Frame {
  return {
    file: place?.file ?? null,
    function: call === null ? null : nameOf(call),
    line: place?.line ?? null,
    inApp: place !== null && !isLibraryPath(place.file),
  };
}

function nameOf(call: string): string | null {
  const open = call.indexOf('(');
  return (open < 0 ? call : call.slice(0, open)).trim() || null;
}
