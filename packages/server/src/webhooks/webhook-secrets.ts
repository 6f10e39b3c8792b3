import { type Db, transaction } from '../database/transaction.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Target } from './store.ts';
import * as store from './store.ts';

export function sealSecret(secrets: Pick<Secrets, 'seal'>, id: number, plain: string): string {
  return secrets.seal(plain, contextOf(id));
}

/**
 * What to sign with: the secret, and the previous one as long as that counts.
 * @param now in milliseconds since 1970
 * @throws Error when the secret cannot be opened
 */
export function openKeys(secrets: Pick<Secrets, 'open'>, target: Target, now: number): string[] {
  const { id, secret, previous_secret, previous_secret_until } = target;
  const keys = [secrets.open(secret, contextOf(id))];
  if (previous_secret && previous_secret_until && now < Date.parse(previous_secret_until)) {
    try {
      keys.push(secrets.open(previous_secret, contextOf(id)));
    } catch {
      // Of a key that is lost: it was rotated for that, and the new secret signs.
    }
  }
  return keys;
}

/**
 * Seals the secrets of all webhooks anew, for a rotation of the key.
 * @param reseal gives `undefined` for what is to stay as it is
 * @returns how many values were changed
 */
export async function resealWebhooks(
  db: Db,
  reseal: (sealed: string, context: string) => string | undefined,
): Promise<number> {
  return transaction(db, async (db) => {
    let changed = 0;
    for (const { id, secret, previous_secret } of await store.lockTargets(db)) {
      const anew = reseal(secret, contextOf(id));
      const previousAnew = previous_secret ? reseal(previous_secret, contextOf(id)) : undefined;
      const count = [anew, previousAnew].filter((value) => value !== undefined).length;
      if (count === 0) continue;
      changed += count;
      await store.updateSecrets(db, id, {
        secret: anew ?? secret,
        previous_secret: previousAnew ?? previous_secret,
      });
    }
    return changed;
  });
}

/** The same for the previous one, so that it moves there as it is. */
function contextOf(id: number): string {
  return `webhook:${id}:secret`;
}
