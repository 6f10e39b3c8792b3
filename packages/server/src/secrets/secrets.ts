import type { Db } from '../database/transaction.ts';
import { createKeyFile, keyFileIn, readKeyFile } from './key-file.ts';
import { deriveKey, type Keys, newKey } from './keys.ts';
import { createSealer } from './seal.ts';
import * as store from './store.ts';

export interface Secrets {
  /** Of the key that new secrets are sealed with. */
  readonly keyId: string;
  /**
   * AES-256-GCM. `context` says what the value is for, as row id and field, and is part of what is
   * authenticated: a value that was moved to another place cannot be opened.
   * @returns `<keyId>.<base64url of iv, tag and ciphertext>`
   */
  seal(plain: string, context: string): string;
  /** @throws Error when it was changed, moved, or sealed with a key that is not there */
  open(sealed: string, context: string): string;
  /** A 32-byte key of its own for a purpose; another one once the key was rotated. */
  derive(purpose: string): Buffer;
}

export interface OpenOptions {
  home: string;
  db: Db;
  log: { warn(fields: object, message: string): void };
}

/** With which the user starts what is in rotate-key.ts: see administration.ts. */
export const commands = {
  rotate: 'npm run admin -- rotate-key',
  replaceLost: 'npm run admin -- rotate-key --lost',
};

/**
 * The keys of a home, made at its first start. What a kill leaves in between is fine: a key file
 * whose canary is not in the database yet is used as it is.
 * @throws Error when the database was used with another key, before anything is sealed with this one
 */
export async function openSecrets(options: OpenOptions): Promise<Secrets> {
  const keys = await openKeys(options);
  if (keys.length > 1) {
    options.log.warn(
      { command: commands.rotate },
      'a rotation of the encryption key was broken off; everything works, but run it again to end it',
    );
  }
  return secretsOf(keys);
}

export function secretsOf(keys: Keys): Secrets {
  const [newest] = keys;
  const { seal, open } = createSealer(keys);
  return { keyId: newest.id, seal, open, derive: (purpose) => deriveKey(newest, `for ${purpose}`) };
}

/** @throws Error as openSecrets does */
export async function openKeys({ home, db, log }: OpenOptions): Promise<Keys> {
  const file = keyFileIn(home);
  const known = await readKeyFile(file, log);
  const before = await store.findCanary(db);
  if (!known && before) throw wrongKey(`${file} is missing`, before);
  const keys: Keys = known ?? [newKey()];
  // Durably there before anything is sealed with it.
  if (!known) await createKeyFile(file, keys);
  if (!before) await store.insertCanary(db, canaryOf(keys));
  const canary = await store.findCanary(db);
  if (canary && !opens(keys, canary)) {
    const held = keys.map(({ id }) => id).join(', ');
    throw wrongKey(`${file} holds ${keys.length > 1 ? 'the keys' : 'the key'} ${held}`, canary);
  }
  return keys;
}

const canaryContext = 'installation:key_check';
const canaryText = 'BorgOS can read its secrets';

export function canaryOf(keys: Keys): store.Canary {
  const key_check = createSealer(keys).seal(canaryText, canaryContext);
  return { key_id: keys[0].id, key_check };
}

export function opens(keys: Keys, { key_check }: store.Canary): boolean {
  try {
    return createSealer(keys).open(key_check, canaryContext) === canaryText;
  } catch {
    return false;
  }
}

function wrongKey(what: string, { key_id }: store.Canary): Error {
  return new Error(
    `The secrets in the database are encrypted with the key ${key_id}, but ${what}. Put secrets.key back from a backup of the BORGOS_HOME that this database was used with, and start again. Only if that key is lost for good: \`${commands.replaceLost}\` goes on with ${what.endsWith('missing') ? 'a new one' : 'this one'}; the secrets that are stored can then never be read again, and have to be set anew with the next deploy.`,
  );
}
