import { type Frame, mostFrames, type Trace } from './frame.ts';
import { isLibraryPath } from './library-path.ts';

const place = /:(\d{1,9}):in [`']/;

/** `file.rb:12:in 'method'`, with the quotes of any version. */
export function readRuby(lines: string[]): Trace {
  const frames: Frame[] = [];
  let throwIsLast = false;
  for (const line of lines) {
    // Ruby 2.5 to 2.7 turned the order around on a terminal.
    if (line.includes('Traceback (most recent call last)')) throwIsLast = true;
    const frame = frameOf(line);
    if (frame !== null) frames.push(frame);
    if (frames.length === mostFrames && !throwIsLast) break;
  }
  return { frames: throwIsLast ? frames.slice(-mostFrames).reverse() : frames, cause: null };
}

function frameOf(line: string): Frame | null {
  const match = place.exec(line);
  if (match === null) return null;
  const before = line.slice(0, match.index);
  const file = before.slice(before.search(/\S*$/));
  const name = line.slice(match.index + match[0].length);
  const end = name.indexOf("'");
  if (file === '' || end <= 0) return null;
  return {
    file,
    function: name.slice(0, end),
    line: Number(match[1]),
    inApp: !isLibraryPath(file),
  };
}
