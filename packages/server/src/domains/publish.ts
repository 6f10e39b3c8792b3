import type { BaseLogger } from 'pino';
import type { Db } from '../database/transaction.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { DomainRouter, ServedDomains } from './domain-router.ts';
import { domainKeyContext } from './domain-secrets.ts';
import * as store from './store.ts';

export interface Publisher {
  /** Resolves once the proxy serves what was committed before the call. */
  publish(): Promise<void>;
  /** The same, but what goes wrong is logged: it is done again by who comes next. */
  tryToPublish(): Promise<void>;
}

/** Tells the proxy what the database says of domains; never twice at once, and no same thing twice. */
export function createPublisher({
  db,
  router,
  secrets,
  ports,
  log,
}: {
  db: Db;
  router: DomainRouter;
  secrets: Pick<Secrets, 'open'>;
  ports: Pick<ServedDomains, 'http' | 'https'>;
  log: Pick<BaseLogger, 'error'>;
}): Publisher {
  let told: string | undefined;
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  async function tell(): Promise<void> {
    next = undefined;
    const rows = await store.listServed(db);
    const served: ServedDomains = { ...ports, domains: [], challenges: [] };
    for (const row of rows) {
      const { domain, deployment_id, challenge_token, challenge_answer } = row;
      served.domains.push({ domain, deploymentId: deployment_id, certificate: certificateOf(row) });
      if (challenge_token === null || challenge_answer === null) continue;
      served.challenges.push({ token: challenge_token, keyAuthorization: challenge_answer });
    }
    const text = JSON.stringify(served);
    if (text === told) return;
    told = undefined;
    await router.serveDomains(served);
    told = text;
  }

  function certificateOf({
    domain,
    certificate,
    certificate_chain,
    certificate_key,
  }: Awaited<ReturnType<typeof store.listServed>>[number]) {
    if (!certificate || certificate_chain === null || certificate_key === null) return null;
    return {
      fingerprint: certificate.fingerprint_sha256,
      read: () => `${secrets.open(certificate_key, domainKeyContext(domain))}${certificate_chain}`,
    };
  }

  /** Who asks while the proxy is told waits for the next time, as theirs may not be in this one. */
  function publish(): Promise<void> {
    next ??= running.then(tell);
    running = next.catch(() => {});
    return next;
  }

  return {
    publish,
    tryToPublish: () =>
      publish().catch((error) => {
        log.error({ err: error }, 'the proxy could not be told its domains; it is tried again');
      }),
  };
}
