import { isLogRecord } from '../log-record.ts';
import type { HeadedLanguage } from './headed.ts';

const frame =
  /^\s+at [^\s()]{1,500}\((?:[^()\s:]{1,200}\.(?:java|kt|kts|scala|groovy|clj)(?::-?\d+)?|Native Method|Unknown Source|<generated>)\)/;
const cause = /^\s*(?:Caused by|Wrapped by|Suppressed): \S/;
const rest = /^\s+(?:\.\.\. \d+ (?:more|common frames omitted)|\[CIRCULAR REFERENCE)/;
const className = /^(?:[\w$]+\.)*[A-Z][\w$]*$/;
const testFrame = /^\s+at (?:org\.junit|junit\.framework|org\.testng)\./;

export const java: HeadedLanguage = {
  isFrame: (text) => frame.test(text) || /^Caused by: [\w$.]+(?::|$)/.test(text) || rest.test(text),
  heading(line) {
    const colon = line.indexOf(': ');
    const head = colon === -1 ? line : line.slice(0, colon);
    const type = head.slice(head.lastIndexOf(' ') + 1);
    const isAlone = type === head || head.startsWith('Exception in thread ');
    if (!className.test(type) || !(isAlone || type.includes('.'))) return undefined;
    return { type, message: colon === -1 ? '' : line.slice(colon + 2) };
  },
  begin() {
    let isMessage = false;
    let isOfTest = false;
    return {
      take(text) {
        if (frame.test(text) || rest.test(text)) {
          isMessage = false;
          isOfTest ||= testFrame.test(text);
          return 'part';
        }
        if (cause.test(text)) {
          isMessage = true;
          return 'part';
        }
        // Only the message of a cause goes on over lines.
        return isMessage && !isLogRecord(text) ? 'unsure' : 'alien';
      },
      isOfTest: () => isOfTest,
    };
  },
};
