import { parse, TomlError } from 'smol-toml';
import { type SyntaxCheck, valid } from './fault.ts';
import { offsetOf } from './source-text.ts';

export const checkToml: SyntaxCheck = (text) => {
  try {
    // Integers are 64 bits wide in TOML.
    parse(text, { integersAsBigInt: true });
    return valid;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The first line of the message is followed by a picture of the place.
    const reason = (error.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '');
    const message = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`;
    return { faults: [{ offset: offsetOf(text, error.line - 1, error.column - 1), message }] };
  }
};
