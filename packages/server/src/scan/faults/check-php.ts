import { createRequire } from 'node:module';
import type { Engine } from 'php-parser';
import type { FaultAt, SyntaxCheck } from './fault.ts';
import { offsetOf } from './source-text.ts';

const require = createRequire(import.meta.url);

/** `whether` knows all of PHP but places badly, php-parser places well but does not know all. */
export function checkPhp(whether: SyntaxCheck): SyntaxCheck {
  let engine: Engine | undefined;

  return (text, file) => {
    const verdict = whether(text, file);
    if ('skipped' in verdict || verdict.faults.length === 0) return verdict;
    engine ??= makeEngine();
    const fault = firstFault(engine, text, file);
    return fault ? { faults: [fault] } : verdict;
  };
}

function makeEngine(): Engine {
  const { Engine }: typeof import('php-parser') = require('php-parser');
  return new Engine({ parser: { suppressErrors: false, version: '8.4' }, ast: {} });
}

function firstFault(engine: Engine, text: string, file: string): FaultAt | undefined {
  try {
    engine.parseCode(text, file);
    return undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError) || !('lineNumber' in error)) throw error;
    const column = 'columnNumber' in error ? Number(error.columnNumber) : 0;
    const offset = offsetOf(text, Number(error.lineNumber) - 1, column);
    return { offset, message: inWords(error.message) };
  }
}

/** Without the names of tokens, and without what is in strings: that may be a secret. */
function inWords(message: string): string {
  const reason = message
    .replace(/^Parse Error : (?:syntax error, )?/, '')
    .replace(/ on line \d+$/, '')
    .replace(
      /'[^']*' \(T_(?:CONSTANT_ENCAPSED_STRING|ENCAPSED_AND_WHITESPACE|INLINE_HTML)\)/g,
      'a string',
    )
    .replace(/ \(T_\w+\)/g, '')
    .replace(/\bT_[A-Z_]+\b/g, (token) => token.slice(2).toLowerCase().replaceAll('_', ' '))
    .replace(/'([^']{1,30})'/g, '`$1`');
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`;
}
