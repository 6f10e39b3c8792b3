import { isUtf8 } from 'node:buffer';
import { AppError } from '../errors.ts';

/**
 * Reads a request's body.
 * @returns `undefined` when it is empty
 * @throws AppError INVALID_JSON, saying where
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw new AppError('INVALID_JSON', 'The body is not valid UTF-8');
  const text = bytes.toString();
  try {
    // Only a text that may hold the key pays for the search of it.
    return /__proto__|\\u/.test(text) ? JSON.parse(text, refusePrototype) : JSON.parse(text);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const reason = error instanceof Error ? error.message : '';
    throw new AppError('INVALID_JSON', `The body is not valid JSON: ${reason}`, { cause: error });
  }
}

/** Copied into another object, this key would change that object's prototype instead. */
function refusePrototype(key: string, value: unknown): unknown {
  if (key === '__proto__') {
    throw new AppError('INVALID_JSON', 'The body must not have a key "__proto__"');
  }
  return value;
}
