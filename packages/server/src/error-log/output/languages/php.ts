import { isLogRecord } from '../log-record.ts';
import type { Block, Found, OpenBlock } from '../traceback.ts';
import type { Frames, HeadedLanguage, Heading } from './headed.ts';

const fatal = /(?:^|PHP )(Fatal|Parse) error: +(.*)$/;
const uncaught = /^Uncaught ([A-Za-z_\\][\w\\]*)(?:: (.*)| in .*)$/;
const onLine = / on line \d+$/;
const inFile = /^ in \S.*(?::| on line )\d+$/;
const inRecord = /^ at \S.*:\d+\)$/;
const stackTitle = /^(?:Stack trace:|\[stacktrace\])$/;
const frame = /^#\d+ /;
const thrown = /^ {2}thrown in .* on line \d+/;
const nextOne = /^Next ([A-Za-z_\\][\w\\]*)(?:: (.*))?$/;
const monolog = /"exception":"\[object\] \(([\w\\]{1,200})\(code: [^)]{0,40}\): (.*)$/;

export const openPhp: OpenBlock = (line) => {
  const match = fatal.exec(line);
  if (!match) return undefined;
  const [, kind, said] = match as unknown as [string, string, string];
  const thrownOne = uncaught.exec(said);
  if (thrownOne) return uncaughtException(thrownOne[1] as string, thrownOne[2] ?? '');
  // Many a program says `Fatal error: …`; PHP says where.
  return onLine.test(said)
    ? oneLine(kind === 'Parse' ? 'ParseError' : 'Fatal error', said)
    : undefined;
};

function oneLine(error_type: string, said: string): Block {
  const found: Found = {
    error_type,
    severity: 'critical',
    message: cleanMessage(said),
    unsure: 0,
  };
  return { take: () => 'alien', finish: () => found };
}

function uncaughtException(type: string, message: string): Block {
  const frames = phpFrames({ type, message });
  return {
    take: (text) => (thrown.test(text) ? 'last' : frames.take(text)),
    finish() {
      const heading = frames.named?.();
      if (!heading) return undefined;
      const { type: error_type, message } = heading;
      return { error_type, severity: 'critical', message: cleanMessage(message), unsure: 0 };
    },
  };
}

/** From a heading on: its message, its stack, and the exceptions that were thrown because of it. */
function phpFrames(start?: Heading): Frames {
  let current = start;
  let message = [start?.message ?? ''];
  let state: 'message' | 'frames' | 'between' = start ? 'message' : 'frames';
  let named: Heading | undefined;
  return {
    take(text) {
      const next = state === 'between' ? nextOne.exec(text) : undefined;
      if (next) {
        current = { type: next[1] as string, message: '' };
        message = [next[2] ?? ''];
        state = 'message';
        return 'unsure';
      }
      if (state === 'message' && stackTitle.test(text)) {
        if (current) named = { type: current.type, message: message.join('\n') };
        state = 'frames';
        return 'part';
      }
      if (state === 'message') {
        if (isLogRecord(text) || frame.test(text)) return 'alien';
        message.push(text);
        return 'unsure';
      }
      if (frame.test(text)) {
        if (text.endsWith('{main}')) state = 'between';
        return 'part';
      }
      if (stackTitle.test(text) || text === '"} ' || text === '"}') return 'part';
      return state === 'between' && text === '' ? 'unsure' : 'alien';
    },
    named: () => named,
  };
}

/** What an app logs of an exception that it caught. */
export const php: HeadedLanguage = {
  isFrame: (text) => stackTitle.test(text),
  heading(line) {
    const record = monolog.exec(line);
    if (record) return { type: unescaped(record[1]), message: unescaped(record[2]) };
    const plain = /^(?:PHP )?([A-Za-z_\\][\w\\]*): (.*)$/.exec(line);
    return plain ? { type: plain[1] as string, message: plain[2] as string } : undefined;
  },
  begin: () => phpFrames(),
  cleanMessage,
};

/** Without where it was thrown: the stack says it, and a message is for grouping. */
function cleanMessage(message: string): string {
  const at = Math.max(message.lastIndexOf(' in '), message.lastIndexOf(' at '));
  const where = at === -1 ? '' : message.slice(at);
  return inFile.test(where) || inRecord.test(where) ? message.slice(0, at) : message;
}

/** What is in a JSON text, whose namespaces have two backslashes. */
function unescaped(text: string | undefined): string {
  return (text ?? '').replaceAll('\\\\', '\\');
}
