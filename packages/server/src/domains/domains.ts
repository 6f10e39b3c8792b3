import type { Actor } from '@borgos/contracts/caller';
import type { Domain } from '@borgos/contracts/domains';
import type { ListResult } from '@borgos/contracts/endpoint';
import type { BaseLogger } from 'pino';
import { type Db, transaction } from '../database/transaction.ts';
import type { Deployments } from '../deployments/deployments.ts';
import { AppError } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import type { EventFeed } from '../events/feed.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { createCertificateWorker } from './certificate-worker.ts';
import { normalizeDomain, spellDomain } from './domain-name.ts';
import type { DomainProblems, DomainRouter } from './domain-router.ts';
import type { AcmeSettings } from './issue.ts';
import { createPublisher } from './publish.ts';
import { shortestPauseMs } from './retry-schedule.ts';
import { type SharedPorts, toDomain } from './shown.ts';
import * as store from './store.ts';

export interface Domains {
  list(
    deploymentId: number,
    page: { limit: number; offset?: number | undefined },
  ): Promise<ListResult<Domain>>;
  /**
   * One that it has already is given as it is, and tried for again if its certificate failed.
   * @throws AppError NOT_FOUND, VALIDATION_FAILED, DOMAINS_OFF, DOMAIN_IN_USE, CONFLICT
   */
  add(deploymentId: number, domain: string, actor: Actor): Promise<Domain>;
  /** @throws AppError NOT_FOUND */
  remove(deploymentId: number, domain: string, actor: Actor): Promise<void>;
  /** Serves what an earlier life left, and goes on with its orders. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface DomainsOptions {
  db: Db;
  feed: Pick<EventFeed, 'subscribe'>;
  secrets: Pick<Secrets, 'seal' | 'open'>;
  deployments: Pick<Deployments, 'get'>;
  router: DomainRouter;
  ports: SharedPorts;
  /** `null`: there is no TLS. */
  acme: AcmeSettings | null;
  /** A short id of this BORGOS_HOME. */
  instance: string;
  version: string;
  /** Only this machine reaches the shared ports. */
  isLoopback: boolean;
  log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
  now?: () => number;
}

/** Together they have to fit into one message to the proxy. */
const mostDomains = 1_000;

/** The names that deployments are visited under. */
export function createDomains(options: DomainsOptions): Domains {
  const { db, feed, secrets, deployments, router, ports, acme, log, now = Date.now } = options;
  const publisher = createPublisher({ ...options, ports });
  const worker =
    acme &&
    createCertificateWorker(
      {
        db,
        secrets,
        acme,
        publisher,
        userAgent: `BorgOS/${options.version}`,
        by: options.instance,
        isLoopback: options.isLoopback,
        now,
      },
      problems,
      log,
    );
  let endFeed = () => {};

  function problems(): Promise<DomainProblems> {
    return router.domainProblems();
  }

  async function show(rows: store.DomainRow[]): Promise<Domain[]> {
    if (rows.length === 0) return [];
    const unknown = { http: null, https: null };
    const seen = await problems().catch(() => unknown);
    return rows.map((row) => toDomain(row, ports, seen));
  }

  async function insert(id: number, domain: string, actor: Actor): Promise<store.DomainRow> {
    return transaction(db, async (db) => {
      await store.lockAdding(db);
      const before = await store.findDomain(db, domain);
      if (before?.deployment_id === id) {
        const last = before.last_attempt_at === null ? 0 : Date.parse(before.last_attempt_at);
        await store.hasten(db, domain, new Date(Math.max(now(), last + shortestPauseMs)));
        return (await store.findDomain(db, domain)) ?? before;
      }
      if (before) throw inUse(domain, before);
      await assertRoom(db);
      const row = await store.insertDomain(db, {
        domain,
        deployment_id: id,
        status: acme ? 'pending' : 'active',
        next_attempt_at: acme ? new Date(now()) : null,
      });
      if (!row) throw inUse(domain, await store.findDomain(db, domain));
      await appendEvent(db, 'domain_added', { id, domain }, actor);
      return row;
    });
  }

  return {
    async list(id, { limit, offset = 0 }) {
      const { items, total } = await store.listDomains(db, id, { limit, offset });
      if (total === 0) await deployments.get(id);
      return { items: await show(items), total };
    },

    async add(id, text, actor) {
      await deployments.get(id);
      const domain = normalizeDomain(text);
      if (ports.http === null) throw domainsOff();
      const row = await insert(id, domain, actor);
      await publisher.tryToPublish();
      worker?.wake();
      const [shown] = await show([row]);
      if (!shown) throw new Error('a row became nothing');
      return shown;
    },

    async remove(id, text, actor) {
      const domain = spellDomain(text);
      await transaction(db, async (db) => {
        if (!(await store.deleteDomain(db, id, domain))) {
          await deployments.get(id);
          throw new AppError('NOT_FOUND', `Deployment ${id} has no domain ${JSON.stringify(text)}`);
        }
        await appendEvent(db, 'domain_removed', { id, domain }, actor);
      });
      await publisher.tryToPublish();
    },

    async start() {
      await store.releaseClaims(db, options.instance);
      await store.wantCertificates(db, acme !== null, new Date(now()));
      // Also what another server on this database has done.
      endFeed = feed.subscribe(({ type }) => {
        if (type === 'deployment_deleted' || type.startsWith('domain_')) {
          void publisher.tryToPublish();
        }
      });
      await publisher.tryToPublish();
      worker?.start();
    },

    async close() {
      endFeed();
      await worker?.close();
    },
  };
}

function domainsOff(): AppError {
  return new AppError(
    'DOMAINS_OFF',
    'Domains are off, as there is no port that they could share. Set BORGOS_HTTP_PORT (80, where visitors look for them) and start BorgOS again; for TLS also BORGOS_HTTPS_PORT (443) and BORGOS_ACME_EMAIL',
  );
}

/** Who may add domains may read deployments, so that the other one can be named. */
function inUse(
  domain: string,
  holder: { deployment_id: number; deployment_name: string } | undefined,
): AppError {
  const whose = holder
    ? `deployment ${holder.deployment_id} "${holder.deployment_name}"`
    : 'another deployment';
  return new AppError(
    'DOMAIN_IN_USE',
    `${domain} belongs to ${whose}. Remove it there first: DELETE /api/v1/deployments/${holder?.deployment_id ?? '{id}'}/domains/${domain}`,
  );
}

async function assertRoom(db: Db): Promise<void> {
  if ((await store.countDomains(db)) < mostDomains) return;
  throw new AppError(
    'CONFLICT',
    `There are ${mostDomains} domains, which is as many as there can be. Remove one that is not needed any more`,
  );
}
