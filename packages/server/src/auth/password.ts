import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

interface Cost {
  /** KiB. */
  memory: number;
  passes: number;
  parallelism: number;
}

/** What OWASP recommends for argon2id. */
const cost: Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const nonceLength = 16;
const tagLength = 32;

const phcString =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,})\$([A-Za-z0-9+/]{16,})$/;

/** The argon2id hash in the PHC string format, which says how it was made. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(nonceLength);
  return toPhcString(nonce, await deriveKey(password, nonce, cost, tagLength));
}

/**
 * Whether it is the password of that hash.
 * @throws when the hash is none that `hashPassword` makes
 */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const [, memory, passes, parallelism, nonce = '', tag = ''] = phcString.exec(hash) ?? [];
  if (memory === undefined)
    throw new Error('a password’s hash in the database is no argon2id hash');
  const expected = Buffer.from(tag, 'base64');
  const actual = await deriveKey(
    password,
    Buffer.from(nonce, 'base64'),
    { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    expected.length,
  );
  return timingSafeEqual(actual, expected);
}

/** The hash of no password: to compare with it costs the same, and never succeeds. */
export function makeDummyHash(): string {
  return toPhcString(randomBytes(nonceLength), randomBytes(tagLength));
}

function deriveKey(password: string, nonce: Buffer, cost: Cost, length: number): Promise<Buffer> {
  // Keyboards differ in how they compose an é.
  const message = password.normalize('NFKC');
  return derive('argon2id', { ...cost, message, nonce, tagLength: length });
}

function toPhcString(nonce: Buffer, tag: Buffer): string {
  const { memory, passes, parallelism } = cost;
  const [salt, hash] = [nonce, tag].map((bytes) => bytes.toString('base64').replaceAll('=', ''));
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${salt}$${hash}`;
}
