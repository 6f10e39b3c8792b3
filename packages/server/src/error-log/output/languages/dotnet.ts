import { isLogRecord } from '../log-record.ts';
import type { Block, OpenBlock } from '../traceback.ts';
import { type ErrorName, findErrorName } from './error-name.ts';
import type { HeadedLanguage } from './headed.ts';

const frame = /^\s+at [^\s(]{1,500}(?: ?\[[^\]]{0,200}\])?\([^()]*\)(?: in .+:line \d+)?$/;
const inner = /^\s*---> (?:\(Inner Exception #\d+\) )?[A-Za-z_]/;
const seam = /^\s*--- End of /;

export const dotnet: HeadedLanguage = {
  isFrame: (text) => frame.test(text) || inner.test(text),
  heading(line) {
    const match = /^(?:Unhandled exception[.:] )?([A-Za-z_][\w.+`]*\.[A-Z][\w+`]*): (.*)$/.exec(
      line,
    );
    return match ? { type: match[1] as string, message: match[2] as string } : undefined;
  },
  begin() {
    let isMessage = false;
    return {
      take(text) {
        if (frame.test(text) || seam.test(text)) {
          isMessage = false;
          return 'part';
        }
        if (inner.test(text)) {
          isMessage = true;
          return 'part';
        }
        return isMessage && !isLogRecord(text) ? 'unsure' : 'alien';
      },
    };
  },
};

const logged = /^(fail|crit): \S+\[\d+\]$/;
const indentation = '      ';

/** What the console logger writes: its lines are indented, the exception after the message. */
export const openDotnetRecord: OpenBlock = (line): Block | undefined => {
  const level = logged.exec(line)?.[1];
  if (!level) return undefined;
  let name: ErrorName | undefined;
  let hasFrame = false;
  const message: string[] = [];
  return {
    take(text) {
      if (!text.startsWith(indentation)) return 'alien';
      const content = text.slice(indentation.length);
      const isFrame = frame.test(content) || inner.test(content);
      if (isFrame && name) hasFrame = true;
      else if (name && !hasFrame && !seam.test(content)) message.push(content);
      if (!name && !isFrame) {
        name = findErrorName(content);
        if (name) message.push(name.message);
      }
      return hasFrame ? 'part' : 'unsure';
    },
    finish() {
      if (!name || !hasFrame) return undefined;
      const severity = level === 'crit' ? 'critical' : 'error';
      return { error_type: name.type, severity, message: message.join('\n'), unsure: 0 };
    },
  };
};
