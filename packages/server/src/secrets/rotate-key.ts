import type { Actor } from '@borgos/contracts/caller';
import type { Db } from '../database/transaction.ts';
import { transaction } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import { createKeyFile, keyFileIn, readKeyFile, replaceKeyFile } from './key-file.ts';
import { type Keys, newKey } from './keys.ts';
import { createSealer, type Sealer } from './seal.ts';
import { canaryOf, commands, type OpenOptions, openKeys, opens } from './secrets.ts';
import * as store from './store.ts';

/**
 * Seals one value with the newest key; `undefined`: it is already, or it cannot be opened by any
 * key that there is, and is to be left as it is.
 */
export type Reseal = (sealed: string, context: string) => string | undefined;

/**
 * Goes through everything that one part of BorgOS keeps sealed, durably, and returns how many
 * values were sealed anew. May be broken off at any point and called again.
 */
export type Resealing = (reseal: Reseal) => Promise<number>;

interface Options extends OpenOptions {
  actor: Actor;
}

/**
 * Makes a new key, seals everything with it, and forgets the old one. While BorgOS does not run, and
 * by who has claimed the home. Killed at any point it is run again, and goes on with the same new
 * key; until then both keys are in the file, so that BorgOS starts in between, too.
 *
 * It ends what derived keys have signed: sessions, and kept answers of repeated requests.
 *
 * @param kept every place where sealed values are: what is left out cannot be read afterwards
 * @throws Error as openSecrets does
 */
export async function rotateKey({
  kept,
  ...options
}: Options & { kept: Resealing[] }): Promise<{ keyId: string; resealed: number }> {
  const file = keyFileIn(options.home);
  const before = await openKeys(options);
  const keys: Keys = before.length > 1 ? before : [newKey(), ...before];
  const [newest] = keys;
  if (keys !== before) await replaceKeyFile(file, keys);

  const reseal = resealWith(createSealer(keys), newest.id);
  let resealed = 0;
  for (const resealAll of kept) resealed += await resealAll(reseal);
  await store.deleteKeptAnswers(options.db);
  const canary = await store.findCanary(options.db);
  if (canary?.key_id !== newest.id) await recordKey(options, keys);
  await replaceKeyFile(file, [newest]);
  return { keyId: newest.id, resealed };
}

/**
 * Goes on without the key that the database was used with: with the one in the home, or else a new
 * one. What was sealed stays where it is, and can be read again if the key is found after all.
 * @throws Error when the key is not lost
 */
export async function replaceLostKey(options: Options): Promise<{ keyId: string }> {
  const file = keyFileIn(options.home);
  const known = await readKeyFile(file, options.log);
  const keys: Keys = known ?? [newKey()];
  const canary = await store.findCanary(options.db);
  if (!canary || (known && opens(known, canary))) {
    throw new Error(
      `The key is not lost: BorgOS can start as it is. For a new key, run \`${commands.rotate}\`.`,
    );
  }
  if (!known) await createKeyFile(file, keys);
  await store.deleteKeptAnswers(options.db);
  await recordKey(options, keys);
  return { keyId: keys[0].id };
}

async function recordKey({ db, actor }: { db: Db; actor: Actor }, keys: Keys): Promise<void> {
  await transaction(db, async (db) => {
    await store.updateCanary(db, canaryOf(keys));
    await appendEvent(db, 'encryption_key_rotated', { key_id: keys[0].id }, actor);
  });
}

function resealWith(sealer: Sealer, newest: string): Reseal {
  return (sealed, context) => {
    const id = sealer.keyOf(sealed);
    if (id === undefined || id === newest) return undefined;
    // One value that was tampered with must not keep all others under the old key.
    const plain = openOrNothing(sealer, sealed, context);
    return plain === undefined ? undefined : sealer.seal(plain, context);
  };
}

function openOrNothing(sealer: Sealer, sealed: string, context: string): string | undefined {
  try {
    return sealer.open(sealed, context);
  } catch {
    return undefined;
  }
}
