import type { Block, OpenBlock } from '../traceback.ts';
import { type HeadedLanguage, headedBlock, indentOf } from './headed.ts';

const frame =
  /^(?: {4,}|\t+)at .{0,2000}?(?::\d+:\d+\)?|<anonymous>\)?|\(index \d+\)|\(native\)|\[native code\])[ \])},;{[]*$/;
const source = /^(?:file:\/\/|node:|\/|[A-Za-z]:\\|\[eval|\[stdin|evalmachine).{0,4000}:\d+$/;
const caret = /^\s*\^+\s*$/;
const version = /^Node\.js v\d/;
const seam =
  /^(?:\s+\.\.\. \d+ lines matching|Emitted '.{1,100}' event (?:on .{1,200} )?at:|Thrown at:)/;
const cause = /^\s+\[(?:cause|errors)\]: |^Caused by: /;
const testFrame =
  /node:internal\/test_runner\/|node_modules\/(?:mocha|jest|vitest|@jest|@vitest)[/-]/;
const heap = /^FATAL ERROR: (.*(?:heap|Allocation|memory).*)$/;
const rejection = /^\[?UnhandledPromiseRejection(?:Warning)?: (.*?)\]? \{$/;

export const javascript: HeadedLanguage = {
  isFrame: (text) => frame.test(text) || text === 'Thrown at:',
  heading(line) {
    const match = /^(?:Uncaught |\[)?([A-Za-z_$][\w$.]*)(?: \[[\w-]+\])?: (.*)$/.exec(line);
    return match ? { type: match[1] as string, message: match[2] as string } : undefined;
  },
  begin({ indent }) {
    let isDump = false;
    let isFatal = false;
    let isOfTest = false;
    return {
      take(text) {
        if (isDump) return takeDump(text);
        if (version.test(text)) {
          isFatal = true;
          return 'last';
        }
        if (frame.test(text)) {
          isDump = /\{ *$/.test(text);
          isOfTest ||= testFrame.test(text);
          return 'part';
        }
        if (seam.test(text) || cause.test(text)) return 'part';
        return text === '' ? 'unsure' : 'alien';
      },
      isFatal: () => isFatal,
      isOfTest: () => isOfTest,
    };

    /** The error's own properties, until the brace at the indentation of the error. */
    function takeDump(text: string) {
      isOfTest ||= testFrame.test(text);
      if (text.trim() === '' || indentOf(text) > indent) return 'part';
      isDump = false;
      return /^\s*[}\])]+,?$/.test(text) ? 'part' : 'alien';
    }
  },
};

/** What Node.js alone prints: where it was thrown, a rejection of no error, the end of the memory. */
export function openNode(languages: readonly HeadedLanguage[]): OpenBlock {
  return (line) => {
    if (source.test(line)) return uncaughtBlock(languages);
    const said = heap.exec(line)?.[1];
    if (said !== undefined) return heapBlock(said);
    const rejected = rejection.exec(line)?.[1];
    return rejected === undefined ? undefined : rejectionBlock(rejected);
  };
}

const mostSourceLines = 3;

/** `file:line`, the source, a caret under it; an empty line; the error; `Node.js v…`. */
function uncaughtBlock(languages: readonly HeadedLanguage[]): Block {
  let sourceLines = 0;
  let isPointed = false;
  let inner: Block | undefined;
  let thrown = '';
  let hasVersion = false;
  return {
    take(text) {
      if (version.test(text)) {
        hasVersion = true;
        inner?.take(text);
        return 'last';
      }
      if (inner) return inner.take(text);
      if (!isPointed) {
        isPointed = caret.test(text) && sourceLines > 0;
        sourceLines += 1;
        return isPointed || sourceLines < mostSourceLines ? 'unsure' : 'alien';
      }
      if (text === '') return 'unsure';
      thrown = text;
      inner = headedBlock(languages, text, { isFatal: true });
      return 'unsure';
    },
    finish(unsure) {
      const found = inner?.finish(unsure);
      if (!found || found === 'ignored') return found;
      if (found.error_type !== 'Error' || found.message !== thrown) {
        return { ...found, unsure: hasVersion ? 0 : countHeading(unsure, thrown) };
      }
      // What is thrown need not be an error.
      return hasVersion ? { ...found, error_type: 'Uncaught' } : undefined;
    },
  };
}

/** Until the heading: where no frame makes it part of the block, nothing but it is known of it. */
function countHeading(unsure: readonly string[], heading: string): number {
  return unsure.indexOf(heading) + 1;
}

function heapBlock(message: string): Block {
  return {
    take: (text) =>
      /^(?:-{5} Native stack trace -{5}$|\s*\d+: 0x)/.test(text)
        ? 'part'
        : text === ''
          ? 'unsure'
          : 'alien',
    finish: () => ({ error_type: 'FATAL ERROR', severity: 'critical', message, unsure: 0 }),
  };
}

function rejectionBlock(message: string): Block {
  let isClosed = false;
  return {
    take(text) {
      if (isClosed) return version.test(text) ? 'last' : text === '' ? 'unsure' : 'alien';
      isClosed = text === '}';
      return isClosed ? 'part' : text.startsWith(' ') ? 'unsure' : 'alien';
    },
    finish: () =>
      isClosed
        ? { error_type: 'UnhandledPromiseRejection', severity: 'critical', message, unsure: 0 }
        : undefined,
  };
}
