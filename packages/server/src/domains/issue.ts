import type { DomainCertificate } from '@borgos/contracts/domains';
import type { Db } from '../database/transaction.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { newPrivateKey } from './acme/account-key.ts';
import { type AcmeClient, createAcmeClient, type Order } from './acme/acme-client.ts';
import { AcmeProblem } from './acme/acme-problem.ts';
import { readCertificate } from './acme/certificate.ts';
import { certificateRequest } from './acme/certificate-request.ts';
import { accountKeyContext, domainKeyContext } from './domain-secrets.ts';
import type { Publisher } from './publish.ts';
import * as store from './store.ts';

export interface AcmeSettings {
  /** Who is told when something is wrong with a certificate; with it the terms are agreed to. */
  email: string;
  directoryUrl: string;
  /** Also trusted, as PEM. */
  ca: string | undefined;
}

export interface Issuing {
  db: Db;
  secrets: Pick<Secrets, 'seal' | 'open'>;
  acme: AcmeSettings;
  publisher: Publisher;
  userAgent: string;
  /** This server, as it claims domains. */
  by: string;
  /** Only this machine reaches the shared ports, unless something passes visitors on to them. */
  isLoopback: boolean;
  now: () => number;
}

export interface Issued {
  certificate: DomainCertificate;
  chain: string;
  /** Sealed. */
  key: string;
}

/** The domain was removed meanwhile, or another server works on it. */
export class ClaimLost extends Error {
  override name = 'ClaimLost';
}

/**
 * Gets a certificate. What each step needs is in the domain's row before the step is taken, so that
 * after a kill the same order is gone on with from wherever it is.
 * @throws AcmeProblem, ClaimLost
 */
export async function issue(
  issuing: Issuing,
  row: store.DomainRow,
  signal: AbortSignal,
): Promise<Issued> {
  const account = await findAccount(issuing);
  const client = createAcmeClient({
    ...issuing.acme,
    accountKey: issuing.secrets.open(account.key, accountKeyContext(account)),
    userAgent: issuing.userAgent,
    signal,
  });
  try {
    await logIn(issuing, client, account);
    try {
      return await carryOut(issuing, client, row);
    } catch (error) {
      if (!(error instanceof AcmeProblem) || error.type !== 'accountDoesNotExist') throw error;
      // A server for trials forgets its accounts with each start.
      await logIn(issuing, client, { ...account, url: null });
      return await carryOut(issuing, client, { ...row, order_url: null });
    }
  } finally {
    await client.close();
  }
}

async function findAccount({ db, secrets, acme }: Issuing): Promise<store.AccountRow> {
  const name = { directory: acme.directoryUrl, email: acme.email };
  const key = secrets.seal(newPrivateKey(), accountKeyContext(name));
  return store.findOrInsertAccount(db, name, key);
}

async function logIn(
  { db, acme }: Issuing,
  client: AcmeClient,
  account: store.AccountRow,
): Promise<void> {
  let { url } = account;
  if (url === null) {
    url = await client.register(acme.email);
    await store.updateAccount(db, account, { url });
  }
  client.useAccount(url);
}

async function carryOut(
  issuing: Issuing,
  client: AcmeClient,
  row: store.DomainRow,
): Promise<Issued> {
  const { secrets, publisher, now } = issuing;
  const { domain } = row;
  const note = (fields: Parameters<typeof store.updateClaimed>[2]) =>
    claimed(issuing, domain, fields);

  let begun = await resume(client, row);
  if (!begun) {
    const sealedKey = secrets.seal(newPrivateKey(), domainKeyContext(domain));
    const url = await client.order(domain);
    await note({ order_url: url, order_key: sealedKey });
    begun = { url, sealedKey, order: await client.readOrder(url) };
  }
  const { url, sealedKey } = begun;
  let { order } = begun;
  if (order.status === 'pending') {
    for (const authorization of order.authorizations) {
      const challenge = await client.readChallenge(authorization);
      if (!challenge) continue;
      const { token, keyAuthorization } = challenge;
      await note({ challenge_token: token, challenge_answer: keyAuthorization });
      await publisher.publish();
      await client.completeChallenge(authorization, challenge);
    }
    order = await client.readOrder(url);
  }
  const key = secrets.open(sealedKey, domainKeyContext(domain));
  const done = await client.finalize(url, order, certificateRequest(domain, key));
  const chain = await client.download(done);
  return { certificate: readCertificate(chain, domain, key, now()), chain, key: sealedKey };
}

/** An order of before, if it can still be gone on with. */
async function resume(
  client: AcmeClient,
  { order_url: url, order_key: sealedKey }: store.DomainRow,
): Promise<{ url: string; sealedKey: string; order: Order } | undefined> {
  if (url === null || sealedKey === null) return undefined;
  try {
    const order = await client.readOrder(url);
    return order.status === 'invalid' ? undefined : { url, sealedKey, order };
  } catch (error) {
    const isGone =
      error instanceof AcmeProblem &&
      error.type !== 'accountDoesNotExist' &&
      error.status !== null &&
      [401, 403, 404, 410].includes(error.status);
    if (isGone) return undefined;
    throw error;
  }
}

async function claimed(
  { db, by }: Issuing,
  domain: string,
  fields: Parameters<typeof store.updateClaimed>[2],
): Promise<void> {
  if (await store.updateClaimed(db, { domain, by }, fields)) return;
  throw new ClaimLost(`the domain ${domain} is not in hand any more`);
}
