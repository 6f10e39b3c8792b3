import { type Frame, mostFrames, type Trace } from './frame.ts';
import { isLibraryPath } from './library-path.ts';

const framePattern = /(?:^|\s)\d{1,4}: +(?:0x[0-9a-f]{1,16} - )?(\S.*)$/;
const placePattern = /(?:^|\s)at (\S.{0,500}?):(\d{1,9})(?::\d{1,9})?\s*$/;
const panicPattern = /panicked at (?:'.*', )?([^\s':]{1,500}):(\d{1,9}):\d{1,9}/;
// The reasons that some error types list have numbers, too, but are sentences.
const namePattern = /::|^[\w$.@{}#<>]+$/;
const libraries =
  /^[<&]*(?:dyn )?(?:std|core|alloc|test|proc_macro|backtrace|__rustc|tokio|futures|futures_util|futures_core|hyper|axum|tower|actix|actix_web|actix_rt|rayon|anyhow|eyre|color_eyre|tracing|serde|serde_json)(?:\[|::)|^<(?:[iu](?:8|16|32|64|128|size)|f32|f64|bool|char|str|\[) as |^(?:_?start|__libc_start.*|rust_begin_unwind|__rust_.*|_?main|clone3?|start_thread|<unknown>)$/;

/** A numbered backtrace; without one, the place of the panic. */
export function readRust(lines: string[]): Trace {
  const frames: Frame[] = [];
  let panic: Frame | null = null;
  for (const line of lines) {
    panic ??= panicOf(line);
    const last = frames.at(-1);
    const place = last?.file === null ? placePattern.exec(line) : null;
    if (last !== undefined && place?.[1] !== undefined) {
      last.file = place[1];
      last.line = Number(place[2]);
      last.inApp &&= !isLibraryPath(last.file);
      continue;
    }
    const name = framePattern.exec(line)?.[1];
    if (name === undefined || !namePattern.test(name)) continue;
    if (frames.length === mostFrames) break;
    frames.push({ file: null, function: name, line: null, inApp: !libraries.test(name) });
  }
  return { frames: frames.length > 0 || panic === null ? frames : [panic], cause: null };
}

function panicOf(line: string): Frame | null {
  const match = line.includes('panicked at ') ? panicPattern.exec(line) : null;
  if (match?.[1] === undefined) return null;
  return {
    file: match[1],
    function: null,
    line: Number(match[2]),
    inApp: !isLibraryPath(match[1]),
  };
}
