import { createHash, hkdfSync, randomBytes } from 'node:crypto';

/** 32 random bytes, known by an id that is made from them: another key has another id. */
export interface Key {
  readonly id: string;
  readonly bytes: Buffer;
}

/** The one that new secrets are sealed with, then the former ones that a rotation still needs. */
export type Keys = readonly [Key, ...Key[]];

const keyBytes = 32;

export function newKey(): Key {
  return keyOf(randomBytes(keyBytes));
}

/** A key for one purpose, by HKDF-SHA256: what leaks of it tells nothing of others. */
export function deriveKey(key: Key, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key.bytes, '', `borgos/${purpose}`, keyBytes));
}

export function formatKeys(keys: Keys): string {
  return [
    '# What BorgOS encrypts secrets with. Who has this file and the database can read them, and',
    '# without it nobody can: keep a copy, apart from those of the database.',
    ...keys.map(({ id, bytes }) => `${id} ${bytes.toString('base64')}`),
    '',
  ].join('\n');
}

/** `undefined` when that is not what `formatKeys` has written: a key that is damaged has no id. */
export function parseKeys(text: string): Keys | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const keys = lines.flatMap((line) => {
    const [id = '', base64 = '', ...rest] = line.trim().split(/\s+/);
    const key = keyOf(Buffer.from(base64, 'base64'));
    return key.id === id && key.bytes.length === keyBytes && rest.length === 0 ? [key] : [];
  });
  const [first, ...others] = keys;
  return first && keys.length === lines.length ? [first, ...others] : undefined;
}

function keyOf(bytes: Buffer): Key {
  const digest = createHash('sha256').update('borgos key id\n').update(bytes).digest('hex');
  return { id: `k${digest.slice(0, 8)}`, bytes };
}
