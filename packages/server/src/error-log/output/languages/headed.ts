import { isLogRecord } from '../log-record.ts';
import type { Block, OpenBlock, Verdict } from '../traceback.ts';
import { findErrorName } from './error-name.ts';

export interface Heading {
  type: string;
  message: string;
}

/** The frames of one traceback and what comes after them. */
export interface Frames {
  /** The first line is the first frame. */
  take(text: string): Verdict;
  /** Whether what came says that it ended the process. */
  isFatal?(): boolean;
  /** Whether it is that of a failed test. */
  isOfTest?(): boolean;
  /** A heading that is in the frames and names it better. */
  named?(): Heading | undefined;
}

/** A language that prints the name and message of an exception first, and its frames after that. */
export interface HeadedLanguage {
  /** Whether a line can be the first after the message. */
  isFrame(text: string): boolean;
  begin(first: HeadedStart): Frames;
  /** What a line says that has a frame after it, where no name in it ends in Error or Exception. */
  heading(line: string): Heading | undefined;
  /** Whether a line is a heading, though it has no frame right after it. */
  isHeading?(line: string): boolean;
  /** What of a message is not of it. */
  cleanMessage?(message: string): string;
}

interface HeadedStart {
  /** Of the heading. */
  indent: number;
}

interface HeadedOptions {
  /** Something before says that the process ended with it. */
  isFatal?: boolean;
}

const uncaught =
  /^(?:Exception in thread "main" |Unhandled exception[.:] |Uncaught |error: Uncaught )|Uncaught Exception/;
/** What only a runtime prints, which may have had no frame. */
const isKnown = /^(?:Exception in thread "main" |Unhandled exception\. )/;
const stackProperty = /^\s+"?stack"?:$/;
const isNoError = /(?:^|\W)(?:Trace|\w*Warning): /;

/**
 * Tells which language a heading is of by the first frame, since `SomeError: what happened` looks the
 * same in all of them.
 */
export function openHeaded(languages: readonly HeadedLanguage[]): OpenBlock {
  return (line, next) => {
    if (line.startsWith('{"') || line.trim() === '') return undefined;
    if (languages.some((language) => language.isFrame(line))) return undefined;
    if (stackProperty.test(line)) return propertyBlock(languages);
    const following = next === undefined ? undefined : languageOf(languages, next);
    const name = findErrorName(line);
    const indent = indentOf(line);
    // Deeper ones are examples and what runners of tests say; an object's property is none.
    const isNested = indent > 0 && name !== undefined && name.at > indent;
    if (indent > 3 && !isNested) return undefined;
    if (indent > 0 && !following) return undefined;
    const isHeading =
      name || following?.heading(line) || languages.some((l) => l.isHeading?.(line));
    if (!isHeading) return undefined;
    if (isNoError.test(line) && !line.includes('UnhandledPromiseRejectionWarning'))
      return undefined;
    return headedBlock(languages, line);
  };
}

export function headedBlock(
  languages: readonly HeadedLanguage[],
  line: string,
  options: HeadedOptions = {},
): Block {
  const indent = indentOf(line);
  const name = findErrorName(line);
  const more: string[] = [];
  let language: HeadedLanguage | undefined;
  let frames: Frames | undefined;

  function begin(text: string): Verdict | undefined {
    language = languageOf(languages, text);
    if (!language) return undefined;
    const frameIndent = indentOf(text);
    // A heading's own indentation is kept by who prints a stack: frames of others lie otherwise.
    if (indent > 0 && frameIndent < indent + 3) return 'alien';
    frames = language.begin({ indent });
    return frames.take(text);
  }

  function heading(): Heading {
    if (name) return name;
    return language?.heading(line) ?? { type: 'Error', message: line };
  }

  return {
    take(text) {
      if (frames) return frames.take(text);
      const verdict = begin(text);
      if (verdict) return verdict;
      if (isLogRecord(text) || isAnotherHeading(text)) return 'alien';
      more.push(text);
      return 'unsure';
    },
    finish() {
      const isFatal = options.isFatal || uncaught.test(line) || frames?.isFatal?.() === true;
      if (!frames && !options.isFatal && !isKnown.test(line)) return undefined;
      if (frames?.isOfTest?.()) return 'ignored';
      const { type, message } = frames?.named?.() ?? heading();
      const text = [message, ...(frames ? more : [])].join('\n').trimEnd();
      return {
        error_type: type,
        severity: isFatal ? 'critical' : 'error',
        message: language?.cleanMessage?.(text) ?? text,
        unsure: 0,
      };
    },
  };
}

/** Loggers that print an object over lines put the stack below the name of its property. */
function propertyBlock(languages: readonly HeadedLanguage[]): Block {
  let inner: Block | undefined;
  return {
    take(text) {
      if (inner) return inner.take(text);
      inner = findErrorName(text) && headedBlock(languages, text);
      return inner ? 'part' : 'alien';
    },
    finish: (unsure) => inner?.finish(unsure),
  };
}

/** A flood of errors without frames must not have each wait for the frames of another. */
function isAnotherHeading(text: string): boolean {
  return !/^\s/.test(text) && findErrorName(text) !== undefined;
}

function languageOf(
  languages: readonly HeadedLanguage[],
  text: string,
): HeadedLanguage | undefined {
  return languages.find((language) => language.isFrame(text));
}

export function indentOf(text: string): number {
  const at = text.search(/\S/);
  return at === -1 ? text.length : at;
}
