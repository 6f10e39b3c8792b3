import path from 'node:path';
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { type FaultAt, type SyntaxCheck, valid } from './fault.ts';

/** Files whose readers allow comments and a comma after the last value. */
const withComments =
  /^(?:[tj]sconfig.*|\.eslintrc|\.babelrc|\.swcrc|\.jshintrc|\.jscsrc|devcontainer|biome|deno|nx|turbo|knip|renovate|typedoc|api-extractor|settings|launch|tasks|extensions|keybindings)(?:\.json)?$|\.jsonc$|\.code-workspace$/;
/** Files whose readers allow neither. */
const strict =
  /^(?:package|package-lock|npm-shrinkwrap|composer|manifest|bower)\.json$|\.(?:lock|webmanifest)$/;

export const checkJson: SyntaxCheck = (text, file) => {
  if (isJson(text)) return valid;
  const name = path.posix.basename(file);
  const found: ParseError[] = [];
  parse(text, found, { allowTrailingComma: true, allowEmptyContent: withComments.test(name) });
  if (found.length > 0) {
    // A file of many documents, one a line, is often called .json all the same.
    if (!strict.test(name) && isJsonLines(text)) return valid;
    return { faults: found.map((error) => toFault(error, text)) };
  }
  // Only comments or commas make it wrong. Whoever writes comments knows a reader that allows them.
  const isStrict = strict.test(name) || !(withComments.test(name) || hasComments(text));
  if (!isStrict) return valid;
  const [first] = strictErrors(text);
  return first ? { faults: [first] } : valid;
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isJsonLines(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 1 && lines.every(isJson);
}

function hasComments(text: string): boolean {
  const errors: ParseError[] = [];
  parse(text, errors, { allowTrailingComma: true, disallowComments: true });
  return errors.some(({ error }) => printParseErrorCode(error) === 'InvalidCommentToken');
}

function strictErrors(text: string): FaultAt[] {
  const errors: ParseError[] = [];
  parse(text, errors, { allowTrailingComma: false, disallowComments: true });
  if (errors.length > 0) return errors.map((error) => toFault(error, text));
  // The one thing that the tolerant parser has nothing to say against: an unusual blank.
  return [{ offset: 0, message: 'It is not JSON' }];
}

const words: Record<string, string> = {
  InvalidSymbol: 'Unexpected %: not a value of JSON',
  InvalidNumberFormat: 'This is not a number of JSON',
  PropertyNameExpected: 'Expected a property name in double quotes before %',
  ValueExpected: 'Expected a value before %',
  ColonExpected: 'Missing `:` before %',
  CommaExpected: 'Missing `,` before %',
  CloseBraceExpected: 'Missing `}` before %',
  CloseBracketExpected: 'Missing `]` before %',
  EndOfFileExpected: 'Unexpected % after the end of the value',
  InvalidCommentToken: 'JSON has no comments',
  UnexpectedEndOfComment: 'A comment is not closed',
  UnexpectedEndOfString: 'A string is not closed',
  UnexpectedEndOfNumber: 'This is not a number of JSON',
  InvalidUnicode: 'A `\\u` escape needs four hexadecimal digits',
  InvalidEscapeCharacter: 'JSON has no such escape in a string',
  InvalidCharacter: 'A string has a control character, such as a line break',
};

function toFault({ error, offset }: ParseError, text: string): FaultAt {
  const token = /^(?:\w+|.)/u.exec(text.slice(offset, offset + 30))?.[0];
  const named = token === undefined ? 'the end of the file' : `\`${token}\``;
  return {
    offset,
    message: (words[printParseErrorCode(error)] ?? 'It is not JSON').replace('%', () => named),
  };
}
