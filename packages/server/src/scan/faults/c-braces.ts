import type { CReader } from './c-reader.ts';

export interface Braces {
  /** Reads `= …`, the sign being read. */
  readInitializer(): void;
  /** Reads a list in braces. */
  readBraces(): void;
}

export function createBraces(reader: CReader, read: () => void, skipGroup: () => void): Braces {
  const { peek, is, next, take, refuse, miss, doubt, uses, isCpp } = reader;

  function readInitializer(): void {
    if (is('{')) readBraces();
    else read();
  }

  function readBraces(): void {
    next();
    while (!take('}')) {
      if (peek().text === '') doubt();
      if (is(',')) {
        // A macro of nothing may have been here.
        if (!uses.mayBeMacro(peek(-1))) refuse(peek());
        doubt();
      }
      readElement();
      if (take(',') || is('}')) continue;
      const before = peek(-1);
      if (before.text === ')' || uses.mayBeMacro(before) || uses.mayBeMacro(peek())) doubt();
      miss(',');
    }
  }

  function readElement(): void {
    while (is('.') || is('[')) {
      if (is('[')) {
        if (isCpp) {
          read();
          return;
        }
        skipGroup();
        // GNU: `[1] 2`.
        if (!is('=') && !is('.') && !is('[')) break;
      } else {
        next();
        if (next().kind !== 'word') refuse(peek(-1));
      }
    }
    // GNU: `name: value`.
    if (peek().kind === 'word' && is(':', 1)) reader.moveTo(reader.at + 2);
    take('=');
    if (is('{')) readBraces();
    else read();
    if (isCpp && is('...')) next();
  }

  return { readInitializer, readBraces };
}
