import { type Db, transaction } from '../database/transaction.ts';
import type { Secrets } from '../secrets/secrets.ts';
import * as store from './store.ts';

export type Values = Record<string, string>;
type Field = 'environment' | 'headers';

export function sealValues(
  secrets: Pick<Secrets, 'seal'>,
  id: number,
  field: Field,
  values: Values,
): string {
  return secrets.seal(JSON.stringify(values), contextOf(id, field));
}

/** @throws Error when it cannot be opened */
export function openValues(
  secrets: Pick<Secrets, 'open'>,
  id: number,
  field: Field,
  sealed: string | null,
): Values {
  return sealed === null ? {} : JSON.parse(secrets.open(sealed, contextOf(id, field)));
}

/**
 * Seals the secrets of all servers anew, for a rotation of the key.
 * @param reseal gives `undefined` for what is to stay as it is
 * @returns how many values were changed
 */
export async function resealMcpServers(
  db: Db,
  reseal: (sealed: string, context: string) => string | undefined,
): Promise<number> {
  return transaction(db, async (db) => {
    let changed = 0;
    for (const { id, ...server } of await store.lockSecrets(db)) {
      for (const field of ['environment', 'headers'] as const) {
        const sealed = server[field];
        const anew = sealed === null ? undefined : reseal(sealed, contextOf(id, field));
        if (anew === undefined) continue;
        changed += 1;
        await store.updateSecret(db, id, field, anew);
      }
    }
    return changed;
  });
}

function contextOf(id: number, field: Field): string {
  return `mcp_server:${id}:${field}`;
}
