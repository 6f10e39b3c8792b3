import { isLogRecord } from '../log-record.ts';
import { countMessageLines } from '../message-lines.ts';
import type { Block, Found, OpenBlock, Verdict } from '../traceback.ts';
import type { HeadedLanguage } from './headed.ts';

const place = /:\d+:in [`']/;
const className = /\(([A-Z]\w*(?:::\w+)*)\)$/;
const threadDied = /^#<Thread:.* terminated with exception \(report_on_exception is true\):$/;
const from = /^\t+(?:\d+: )?from \S|^\t+ *\d+: from |^\t+ *\.\.\. \d+ levels\.\.\.$/;
const numbered = /^\t+ *(?:\d+: from |\.\.\. \d+ levels\.\.\.)/;
const title = 'Traceback (most recent call last):';

/** The line that names an exception: `app.rb:1:in 'pay': no money (RuntimeError)`. */
function named(line: string): { type: string; message: string } | undefined {
  if (/^\s/.test(line)) return undefined;
  const at = line.search(place);
  const type = className.exec(line);
  const separator = at > 0 ? line.indexOf("': ", at) : -1;
  if (separator === -1 || !type) return undefined;
  return { type: type[1] as string, message: line.slice(separator + 3, type.index).trimEnd() };
}

export const openRuby: OpenBlock = (line, next) => {
  const first = named(line);
  if (first) return topDown(first, 'critical');
  if (threadDied.test(line)) return ofThread();
  return line === title && next !== undefined && from.test(next) ? bottomUp() : undefined;
};

/** The newest frame first; what follows the last frame of one exception is its cause. */
function topDown(first: { type: string; message: string }, severity: Found['severity']): Block {
  const message = [first.message];
  let hasFrames = false;
  let isCause = false;
  return {
    take(text) {
      if (from.test(text)) {
        hasFrames = true;
        return 'part';
      }
      if (hasFrames && named(text)) {
        isCause = true;
        hasFrames = false;
        return 'part';
      }
      if (hasFrames || isLogRecord(text) || named(text)) return 'alien';
      if (!isCause) message.push(text);
      return 'unsure';
    },
    finish(unsure) {
      const known = isCause ? message : message.slice(0, message.length - unsure.length);
      return { error_type: first.type, severity, message: known.join('\n'), unsure: 0 };
    },
  };
}

function ofThread(): Block {
  let inner: Block | undefined;
  return {
    take(text) {
      if (inner) return inner.take(text);
      const first = named(text);
      if (!first) return 'alien';
      inner = topDown(first, 'error');
      return 'part';
    },
    finish: (unsure) => inner?.finish(unsure),
  };
}

/** The oldest frame first, and the exception at the end; its causes come before it. */
function bottomUp(): Block {
  let last: { type: string; message: string } | undefined;
  let more: string[] = [];
  let isInFrames = true;
  return {
    take(text): Verdict {
      if (numbered.test(text)) {
        isInFrames = true;
        return 'part';
      }
      const found = named(text);
      if (isInFrames && found) {
        last = found;
        more = [];
        isInFrames = false;
        return 'part';
      }
      if (isInFrames || found || isLogRecord(text) || text === title) return 'alien';
      more.push(text);
      return 'unsure';
    },
    finish(unsure) {
      if (!last) return undefined;
      const taken = countMessageLines(last.message, unsure);
      const message = [last.message, ...more.slice(0, taken)].join('\n');
      return { error_type: last.type, severity: 'critical', message, unsure: taken };
    },
  };
}

const frame = /^\s*(?:from )?[^\s:][^:]{0,1000}:\d+:in [`']/;
const plain = /^(?:[\d: -]{1,40} - )?([A-Z]\w*(?:::\w+)*)(?:: | - )(.*)$/;
const nameAtEnd = /(?:^|[\s:-])([A-Z]\w*(?:::\w+)*)$/;
const longestName = 200;

/** Rails: `NoMethodError (undefined method …):` */
function ofRails(line: string) {
  const at = line.endsWith('):') ? line.indexOf(' (') : -1;
  const type = at > 0 && nameAtEnd.exec(line.slice(Math.max(0, at - longestName), at));
  return type ? { type: type[1] as string, message: line.slice(at + 2, -2) } : undefined;
}

/** The logger of the standard library: `E, [2026-…] ERROR -- : no money (RuntimeError)` */
function ofLogger(line: string) {
  const type = className.exec(line);
  if (!type) return undefined;
  const program = line.indexOf(' -- ');
  const colon = program === -1 ? -1 : line.indexOf(': ', program);
  const message = line.slice(colon === -1 ? 0 : colon + 2, type.index).trimEnd();
  return { type: type[1] as string, message };
}

function ofPlain(line: string) {
  const match = plain.exec(line);
  return match
    ? { type: match[1] as string, message: (match[2] as string).replace(/:$/, '') }
    : undefined;
}

/** What an app or a framework logs of an exception that it caught. */
export const ruby: HeadedLanguage = {
  isFrame: (text) => frame.test(text) && !className.test(text),
  isHeading: (line) => ofRails(line) !== undefined,
  heading: (line) => ofRails(line) ?? ofLogger(line) ?? ofPlain(line),
  begin: () => ({
    take: (text) => (frame.test(text) ? 'part' : text.trim() === '' ? 'unsure' : 'alien'),
  }),
};
