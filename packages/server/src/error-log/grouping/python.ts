import { type Cause, type Frame, mostFrames, type Trace } from './frame.ts';
import { isLibraryPath } from './library-path.ts';

// A SyntaxError's own file has no function.
const framePattern = /File "([^"]{1,1000})", line (\d{1,9})(?:, in (.{1,300}))?/;
const thrownPattern = /^([A-Za-z_][\w.]{0,200})(?:: (.*))?$/;

/**
 * Python puts the throw last, and the error that was not caught after those that led to it. Of a
 * group of errors the first one inside is read: the group itself is thrown where tasks are waited
 * for, so that it says nothing about what failed.
 */
export function readPython(lines: string[]): Trace {
  let frames: Frame[] = [];
  let cause: Cause | null = null;
  let inGroup = false;
  let otherMember = false;
  for (const line of lines) {
    if (line.includes('---')) {
      const member = /\+-{2,}(?: (\d{1,6}) -|-*\s*$)/.exec(line);
      if (member !== null) {
        inGroup = true;
        otherMember = member[1] !== '1';
      }
    }
    if (otherMember && /^\s*[|+]/.test(line)) continue;
    if (line.includes('Traceback (most recent call last)')) {
      frames = [];
      cause = null;
      if (!/^\s*[|+]/.test(line)) inGroup = false;
      continue;
    }
    const frame = line.includes('File "') ? frameOf(line) : null;
    if (frame !== null) frames.push(frame);
    else if (inGroup && frames.length > 0) cause = thrownBy(line) ?? cause;
  }
  return { frames: frames.slice(-mostFrames).reverse(), cause };
}

function frameOf(line: string): Frame | null {
  const match = framePattern.exec(line);
  if (match === null) return null;
  const [, file = '', number, name] = match;
  return {
    file,
    function: name ?? null,
    line: Number(number),
    inApp: !isLibraryPath(file),
  };
}

/** The line after the frames; source lines are indented further and are none. */
function thrownBy(line: string): Cause | null {
  const match = thrownPattern.exec(line.replace(/^\s*\| /, ''));
  return match?.[1] === undefined ? null : { type: match[1], message: match[2] ?? '' };
}
