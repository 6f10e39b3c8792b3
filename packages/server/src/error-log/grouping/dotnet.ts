import { type Cause, type Frame, mostFrames, type Trace } from './frame.ts';
import { hasJavaPlace } from './java.ts';
import { isLibraryPath } from './library-path.ts';

const framePattern = /(?:^|\s)at ([^()]{1,600})\(/;
const placePattern = / in (.{1,500}):line (\d{1,9})\s*$/;
const namePattern = /^[\w.`<>+,[\]|$&{}-]+$/;
const innerPattern = /---> (?:\(Inner Exception #\d+\) )?([\w.`+]{1,300}): /g;
const libraries =
  /^(?:System|Microsoft|Newtonsoft|Npgsql|MySql|Dapper|Serilog|MediatR|AutoMapper|Grpc|StackExchange|Polly|Autofac|RestSharp|Hangfire|MassTransit|lambda_method\d*)(?:\.|$)/;

/**
 * .NET prints the innermost error first, and what is around it after it: the innermost is read, as
 * most others are only wrapping.
 */
export function readDotnet(lines: string[]): Trace {
  const frames: Frame[] = [];
  let cause: Cause | null = null;
  for (const line of lines) {
    if (line.includes('--- End of inner exception') && frames.length > 0) break;
    const frame = frameOf(line);
    if (frame !== null) frames.push(frame);
    else if (frames.length === 0 && line.includes('---> ')) cause = innermostOf(line) ?? cause;
    if (frames.length === mostFrames) break;
  }
  return { frames, cause };
}

function innermostOf(line: string): Cause | null {
  const last = [...line.matchAll(innerPattern)].at(-1);
  if (last?.[1] === undefined) return null;
  return { type: last[1], message: line.slice(last.index + last[0].length) };
}

function frameOf(line: string): Frame | null {
  const match = framePattern.exec(line);
  if (match?.[1] === undefined) return null;
  // Some runtimes print the type of the result first.
  const name = match[1].slice(match[1].lastIndexOf(' ') + 1);
  if (!namePattern.test(name)) return null;
  const [, file, number] = placePattern.exec(line) ?? [];
  // Without a source a call looks much like one of the JVM.
  if (file === undefined && (!line.trimEnd().endsWith(')') || hasJavaPlace(line))) return null;
  return {
    file: file ?? null,
    function: name,
    line: number === undefined ? null : Number(number),
    inApp: !libraries.test(name) && (file === undefined || !isLibraryPath(file)),
  };
}
