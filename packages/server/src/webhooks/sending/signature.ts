import { createHmac, randomBytes } from 'node:crypto';
import { AppError } from '../../errors.ts';

export interface Signed {
  id: string;
  /** Unix seconds. */
  timestamp: number;
  body: string;
  /** The secret; several while it rotates, so that the receiver may know either. */
  keys: readonly string[];
}

/** Of a secret whose rest is base64 of the key; any other one is the key itself. */
const prefix = 'whsec_';
const shortest = 8;
const longest = 256;
const fewestBytes = 24;
const mostBytes = 64;
const newBytes = 32;

/** The value of `webhook-signature`, as Standard Webhooks 1.0 has it: one for each key. */
export function sign({ id, timestamp, body, keys }: Signed): string {
  const content = `${id}.${timestamp}.${body}`;
  return keys
    .map((key) => `v1,${createHmac('sha256', bytesOf(key)).update(content).digest('base64')}`)
    .join(' ');
}

/** 256 random bits. */
export function newSecret(): string {
  return prefix + randomBytes(newBytes).toString('base64');
}

/**
 * Judges a secret that somebody chose. Its text is in no message.
 * @throws AppError VALIDATION_FAILED that says what is wrong with it
 */
export function checkSecret(text: string): void {
  const problem = problemOf(text);
  if (problem === undefined) return;
  throw new AppError('VALIDATION_FAILED', `body.secret ${problem}`, {
    details: [{ path: 'body.secret', message: problem }],
  });
}

function problemOf(text: string): string | undefined {
  if (text.length < shortest || text.length > longest) {
    return `must have ${shortest} to ${longest} characters; it has ${text.length}`;
  }
  // Half a character has no bytes of its own: both sides would replace it, and by what they like.
  if (!text.isWellFormed()) return 'must be well-formed Unicode; it has half a surrogate pair';
  if (!text.startsWith(prefix)) return undefined;
  const encoded = text.slice(prefix.length);
  const bytes = Buffer.from(encoded, 'base64');
  // Node reads also what is no base64, which receivers do not.
  if (bytes.toString('base64') !== encoded) {
    return `must be base64 with its padding after ${prefix}; to use it as it is, begin it with something else`;
  }
  if (bytes.length < fewestBytes || bytes.length > mostBytes) {
    return `must be ${fewestBytes} to ${mostBytes} bytes in base64 after ${prefix}; it is ${bytes.length}`;
  }
  return undefined;
}

function bytesOf(key: string): Buffer {
  return key.startsWith(prefix)
    ? Buffer.from(key.slice(prefix.length), 'base64')
    : Buffer.from(key, 'utf8');
}
