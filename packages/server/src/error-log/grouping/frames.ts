import { readDotnet } from './dotnet.ts';
import type { Trace, TraceReader } from './frame.ts';
import { readGo } from './go.ts';
import { hasJavaPlace, readJava } from './java.ts';
import { readJavaScript } from './javascript.ts';
import { readPhp } from './php.ts';
import { readPython } from './python.ts';
import { readRuby } from './ruby.ts';
import { readRust } from './rust.ts';
import { stackLines } from './stack-lines.ts';

interface Language {
  /** Quick, and true for every text that `read` finds frames in; other texts may pass as well. */
  mayHave(text: string): boolean;
  read: TraceReader;
}

// Of those that find equally much the first is taken: the one with the stricter form.
const languages: Language[] = [
  { mayHave: (text) => text.includes('File "'), read: readPython },
  { mayHave: (text) => hasJavaPlace(text), read: readJava },
  {
    mayHave: (text) => text.includes('.rs:') || /panicked at |ack backtrace:/.test(text),
    read: readRust,
  },
  { mayHave: (text) => /(?:^|\s)at |@/.test(text), read: readJavaScript },
  { mayHave: (text) => /\sat [^\s(]/.test(text), read: readDotnet },
  { mayHave: (text) => text.includes('.go:') || text.includes('.s:'), read: readGo },
  { mayHave: (text) => text.includes(":in '") || text.includes(':in `'), read: readRuby },
  { mayHave: (text) => text.includes('#0 ') || text.includes('thrown in '), read: readPhp },
];

/**
 * The frames of a stack, in whichever language it is: the one that finds the most in it. Null when
 * none finds any. Never throws, and looks at no more than 64 KiB.
 */
export function traceOf(stack: string): Trace | null {
  const lines = stackLines(stack);
  const text = lines.join('\n');
  let best: Trace | null = null;
  for (const { mayHave, read } of languages) {
    if (!mayHave(text)) continue;
    const trace = read(lines);
    if (trace.frames.length > (best?.frames.length ?? 0)) best = trace;
    // It accounts for most lines: no other language is worth the look.
    if (best !== null && best.frames.length * 4 >= lines.length) break;
  }
  return best;
}
