import { type Db, transaction } from '../database/transaction.ts';
import * as store from './store.ts';

/** The same for the key of the certificate that is ordered, so that it moves there as it is. */
export function domainKeyContext(domain: string): string {
  return `domain:${domain}:key`;
}

export function accountKeyContext({ directory, email }: store.AccountName): string {
  return `acme_account:${directory}:${email}:key`;
}

/**
 * Seals the keys of all certificates and accounts anew, for a rotation of the key.
 * @param reseal gives `undefined` for what is to stay as it is
 * @returns how many values were changed
 */
export async function resealDomains(
  db: Db,
  reseal: (sealed: string, context: string) => string | undefined,
): Promise<number> {
  return transaction(db, async (db) => {
    let changed = 0;
    const anew = (sealed: string | null, context: string) => {
      const value = sealed === null ? undefined : reseal(sealed, context);
      if (value !== undefined) changed += 1;
      return value ?? sealed;
    };
    for (const { domain, certificate_key, order_key } of await store.lockDomainKeys(db)) {
      const context = domainKeyContext(domain);
      await store.updateDomainKeys(db, domain, {
        certificate_key: anew(certificate_key, context),
        order_key: anew(order_key, context),
      });
    }
    for (const account of await store.lockAccountKeys(db)) {
      const key = anew(account.key, accountKeyContext(account));
      if (key !== null) await store.updateAccount(db, account, { key });
    }
    return changed;
  });
}
