import { isLogRecord } from '../log-record.ts';
import { countMessageLines, countToLastText } from '../message-lines.ts';
import type { Block, OpenBlock } from '../traceback.ts';

const panics = /^thread '([^']*)' (?:\(\d+\) )?panicked at (.*)$/;
const overflows = /^thread '([^']*)' (?:\(\d+\) )?has overflowed its stack$/;
const frame = /^ +(?:\d+: |at )/;

export const openRust: OpenBlock = (line) => {
  const panicked = panics.exec(line);
  if (panicked) return rustPanic(panicked[1] as string, panicked[2] as string);
  const overflowed = overflows.exec(line);
  return overflowed ? stackOverflow(overflowed[1] as string) : undefined;
};

function rustPanic(thread: string, where: string): Block {
  // Until Rust 1.73 the message was in the first line, in quotes.
  const old = /^'(.*)', \S+:\d+:\d+$/.exec(where)?.[1];
  const message = old === undefined ? [] : [old];
  let state: 'message' | 'frames' = 'message';
  const severity = thread === 'main' ? 'critical' : 'error';
  return {
    take(text) {
      if (text.startsWith('note: ')) return 'last';
      if (text === 'stack backtrace:') {
        state = 'frames';
        return 'part';
      }
      if (state === 'frames') return frame.test(text) ? 'part' : 'alien';
      if (panics.test(text) || (message.length > 0 && isLogRecord(text))) return 'alien';
      message.push(text);
      return message.length === 1 ? 'part' : 'unsure';
    },
    finish(unsure) {
      if (message.length === 0) return undefined;
      // The runner of tests names threads after tests.
      if (thread.includes('::')) return 'ignored';
      const first = message[0] as string;
      const taken =
        severity === 'critical' ? countToLastText(unsure) : countMessageLines(first, unsure);
      const known = message.slice(0, message.length - unsure.length + taken);
      return { error_type: 'panic', severity, message: known.join('\n'), unsure: taken };
    },
  };
}

function stackOverflow(thread: string): Block {
  return {
    take: (text) => (text === '' || text.startsWith('fatal runtime error: ') ? 'part' : 'alien'),
    finish: () => ({
      error_type: 'stack overflow',
      severity: 'critical',
      message: `thread '${thread}' has overflowed its stack`,
      unsure: 0,
    }),
  };
}
