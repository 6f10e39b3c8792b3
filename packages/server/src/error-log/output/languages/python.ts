import { isLogRecord } from '../log-record.ts';
import { countMessageLines, countToLastText } from '../message-lines.ts';
import type { Block, Found, OpenBlock, Verdict } from '../traceback.ts';

const title = 'Traceback (most recent call last):';
const titleOfGroup = '  + Exception Group Traceback (most recent call last):';
const firstFrame = /^ {2}(?:\| {3})?File "/;
const announces =
  /(?:Task|Future) exception was never retrieved$|\bException in callback |^Process [\w-]{1,100}:$/;
const introduces = /^Exception (?:in thread |ignored in)/;
const logsFailure =
  /\b(?:ERROR|CRITICAL|FATAL|WARNING|[Ee]rror|[Ee]xception|[Ff]ailed|[Uu]nhandled)\b/;
const exceptionLine = /^([A-Za-z_][\w.]{0,200}(?:\.<locals>[\w.]{1,200})?)(?:: (.*)|:)?$/;
const groupLine = /^ {2}\| ([A-Za-z_][\w.]{0,200})(?:: (.*)|:)?$/;
const groupPart = /^ +(?:\||\+-)/;
const inMain = /^ {2}(?:\| {3})?File .*(?:, in <module>|, in _run_module_as_main)$/;
const chains =
  /^(?:The above exception was the direct cause|During handling of the above exception, another)/;
const mostBeforeTitle = 3;
const mostForeign = 3;

/** An exception that is named at the end of its block, after its frames. */
interface Named {
  type: string;
  first: string;
}

interface Beginning {
  /** The first line comes before the traceback, and says what it is about. */
  isAnnounced: boolean;
  isGroup?: boolean;
  /** Of a test that failed. */
  isIgnored?: boolean;
}

export const openPython: OpenBlock = (line, next) => {
  if (line === titleOfGroup) return pythonTraceback({ isAnnounced: false, isGroup: true });
  if (line === title) {
    const isOfPython = next === undefined || firstFrame.test(next) || exceptionLine.test(next);
    return isOfPython ? pythonTraceback({ isAnnounced: false }) : undefined;
  }
  if (line.endsWith(title) && next !== undefined && firstFrame.test(next) && /^\S/.test(line)) {
    return pythonTraceback({ isAnnounced: true });
  }
  if (announces.test(line)) return announcement(false);
  if (next !== title && next !== titleOfGroup) return openSyntaxError(line);
  // unittest draws a line over what a failed test threw.
  if (line.startsWith('-'.repeat(60))) return announcement(true);
  const isOfIt = introduces.test(line) || (logsFailure.test(line) && !line.startsWith(' '));
  return isOfIt ? announcement(false) : undefined;
};

/** The lines before a traceback that say where it comes from. */
function announcement(isIgnored: boolean): Block {
  let inner: Block | undefined;
  let before = 0;
  return {
    take(text) {
      if (inner) return inner.take(text);
      if (text === title || text === titleOfGroup) {
        inner = pythonTraceback({ isAnnounced: true, isGroup: text === titleOfGroup, isIgnored });
        return 'part';
      }
      before += 1;
      return before < mostBeforeTitle && text !== '' ? 'unsure' : 'alien';
    },
    finish: (unsure) => inner?.finish(unsure),
  };
}

function pythonTraceback({ isAnnounced, isGroup = false, isIgnored = false }: Beginning): Block {
  let state: 'frames' | 'message' | 'chain' = 'frames';
  let hasFrame = false;
  let startsInMain = false;
  let isOfGroup = isGroup;
  let foreign = 0;
  let named: Named | undefined;

  function begin(ofGroup: boolean): Verdict {
    state = 'frames';
    isOfGroup = ofGroup;
    hasFrame = false;
    named = undefined;
    return 'part';
  }

  function takeFrame(text: string): Verdict {
    if (!hasFrame && firstFrame.test(text)) {
      hasFrame = true;
      startsInMain = inMain.test(text);
      return 'part';
    }
    const match = isOfGroup ? (named ? undefined : groupLine.exec(text)) : exceptionLine.exec(text);
    if (match) {
      named = { type: match[1] as string, first: match[2] ?? '' };
      if (!isOfGroup) state = 'message';
      return 'part';
    }
    if (isOfGroup && /^ +\+-{20,}$/.test(text)) {
      state = 'message';
      return 'part';
    }
    if (isOfGroup ? groupPart.test(text) : text.startsWith(' ')) return 'part';
    // Another thread may have printed in between.
    foreign += 1;
    return hasFrame && (foreign <= mostForeign || isOfGroup) && !isTitle(text) ? 'unsure' : 'alien';
  }

  function takeAfter(text: string): Verdict {
    if (chains.test(text)) {
      state = 'chain';
      return 'part';
    }
    if (isTitle(text) || isLogRecord(text)) return 'alien';
    return 'unsure';
  }

  return {
    take(text) {
      if (state === 'frames') return takeFrame(text);
      if (state === 'message') return takeAfter(text);
      if (text === '') return 'part';
      return isTitle(text) ? begin(text === titleOfGroup) : 'alien';
    },
    finish(unsure) {
      if (isIgnored && hasFrame) return 'ignored';
      const severity = startsInMain && !isAnnounced ? 'critical' : 'error';
      if (!named) return hasFrame ? { ...unnamed, severity } : undefined;
      // Nothing but its own message follows the exception that ends a process.
      const taken =
        state !== 'message'
          ? 0
          : severity === 'critical' && !isOfGroup
            ? countToLastText(unsure)
            : countMessageLines(named.first, unsure);
      return {
        error_type: named.type,
        severity,
        message: [named.first, ...unsure.slice(0, taken)].join('\n'),
        unsure: taken,
      };
    },
  };
}

const unnamed = {
  error_type: 'Exception',
  message: 'the output ends before the exception is named',
  unsure: 0,
} satisfies Omit<Found, 'severity'>;

function isTitle(text: string): boolean {
  return text === title || text === titleOfGroup;
}

const syntaxErrorAt = /^ {2}File ".*", line \d+$/;
const syntaxErrorName = /^(SyntaxError|IndentationError|TabError): (.*)$/;
const mostOfSyntaxError = 5;

/** A file that is not even Python is told without a traceback. */
function openSyntaxError(line: string): Block | undefined {
  if (!syntaxErrorAt.test(line)) return undefined;
  let count = 0;
  let found: Found | undefined;
  return {
    take(text) {
      count += 1;
      const match = syntaxErrorName.exec(text);
      if (!match) return text.startsWith('    ') && count < mostOfSyntaxError ? 'unsure' : 'alien';
      const [, type, message] = match as unknown as [string, string, string];
      found = { error_type: type, severity: 'critical', message, unsure: 0 };
      return 'last';
    },
    finish: () => found,
  };
}
