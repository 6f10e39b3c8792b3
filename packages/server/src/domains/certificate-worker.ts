import type { BaseLogger } from 'pino';
import { systemActor } from '../caller.ts';
import { transaction } from '../database/transaction.ts';
import { storable } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import { AcmeProblem } from './acme/acme-problem.ts';
import { renewalOf } from './acme/certificate.ts';
import type { DomainProblems } from './domain-router.ts';
import { ClaimLost, type Issued, type Issuing, issue } from './issue.ts';
import { pauseAfter } from './retry-schedule.ts';
import * as store from './store.ts';

export interface CertificateWorker {
  start(): void;
  /** Looks for what is due, now. */
  wake(): void;
  /** Breaks off what is being done; it is gone on with after the next start. */
  close(): Promise<void>;
}

/** Another server may have died over a domain, or added one. */
const pollMs = 60_000;
/** After something that is not the ACME server's fault. */
const restMs = 5_000;
/** Longer than all waits of an attempt together. */
const claimMs = 10 * 60_000;

/** Gets certificates that are due, one after the other, and renews them. */
export function createCertificateWorker(
  issuing: Issuing,
  problems: () => Promise<DomainProblems>,
  log: Pick<BaseLogger, 'info' | 'warn' | 'error'>,
): CertificateWorker {
  const { db, by, now, publisher } = issuing;
  const closing = new AbortController();
  const { signal } = closing;
  let running: Promise<void> | undefined;
  let again = false;
  let timer: NodeJS.Timeout | undefined;

  function wake(): void {
    again = true;
    if (signal.aborted) return;
    clearTimeout(timer);
    running ??= run().then((idleMs) => {
      running = undefined;
      if (signal.aborted) return;
      timer = setTimeout(wake, again ? 0 : idleMs).unref();
    });
  }

  /** Until nothing is due. Returns after how long to look again. */
  async function run(): Promise<number> {
    try {
      again = false;
      while (!signal.aborted) {
        // Nobody could ask for the challenge.
        if ((await problems()).http !== null) return restMs;
        const at = now();
        const until = new Date(at + claimMs);
        const row = await store.claimDue(db, { by, at: new Date(at), until });
        if (!row) break;
        await attempt(row);
      }
      const due = await store.findNextDue(db);
      return due === null ? pollMs : Math.min(Math.max(Date.parse(due) - now(), 100), pollMs);
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, 'certificates could not be looked after');
      return restMs;
    }
  }

  async function attempt(row: store.DomainRow): Promise<void> {
    const { domain } = row;
    try {
      const issued = await issue(issuing, row, signal);
      await serve(row, issued);
      await recordIssued(row, issued);
      log.info({ domain, not_after: issued.certificate.not_after }, 'a certificate was issued');
    } catch (error) {
      if (signal.aborted || error instanceof ClaimLost) return;
      if (error instanceof AcmeProblem)
        log.warn({ domain, reason: error.message }, 'no certificate');
      else log.error({ err: error, domain }, 'a certificate could not be ordered');
      await recordFailed(row, error);
    }
    await publisher.tryToPublish();
  }

  /** Until it is recorded as issued the order stays noted: after a kill it is fetched again. */
  async function serve({ domain }: store.DomainRow, issued: Issued): Promise<void> {
    const isOurs = await store.updateClaimed(
      db,
      { domain, by },
      {
        certificate: JSON.stringify(issued.certificate),
        certificate_chain: issued.chain,
        certificate_key: issued.key,
      },
    );
    if (!isOurs) throw new ClaimLost(`the domain ${domain} is not in hand any more`);
    await publisher.publish();
  }

  async function recordIssued(row: store.DomainRow, { certificate }: Issued): Promise<void> {
    const fields = {
      ...ended,
      status: 'active',
      status_reason: null,
      order_url: null,
      order_key: null,
      failures: 0,
      next_attempt_at: renewalOf(certificate),
    } as const;
    await transaction(db, async (db) => {
      if (!(await store.updateClaimed(db, { domain: row.domain, by }, fields))) return;
      const { issuer, not_after } = certificate;
      const data = { id: row.deployment_id, domain: row.domain, issuer, not_after };
      await appendEvent(db, 'domain_certificate_issued', data, systemActor);
    });
  }

  async function recordFailed(row: store.DomainRow, error: unknown): Promise<void> {
    const failures = row.failures + 1;
    const told = error instanceof AcmeProblem ? error : undefined;
    const pause = Math.max(pauseAfter(failures, Math.random()), told?.retryAfterMs ?? 0);
    const next = new Date(now() + pause);
    const reason = storable(reasonOf(row, told, issuing.isLoopback));
    const fields = {
      ...ended,
      status: row.certificate ? 'active' : 'failed',
      status_reason: reason,
      failures,
      next_attempt_at: next,
    } as const;
    await transaction(db, async (db) => {
      if (!(await store.updateClaimed(db, { domain: row.domain, by }, fields))) return;
      const next_attempt_at = next.toISOString();
      const data = { id: row.deployment_id, domain: row.domain, reason, next_attempt_at };
      await appendEvent(db, 'domain_certificate_failed', data, systemActor);
    });
  }

  return {
    wake,
    start: wake,
    async close() {
      closing.abort(new Error('BorgOS is closing'));
      clearTimeout(timer);
      await running;
      await store.releaseClaims(db, by);
    },
  };
}

/** Nothing is in hand any more. */
const ended = {
  claimed_by: null,
  claimed_until: null,
  challenge_token: null,
  challenge_answer: null,
};

function reasonOf(
  { domain, certificate }: store.DomainRow,
  told: AcmeProblem | undefined,
  isLoopback: boolean,
): string {
  const sentences = [
    `${told?.message ?? 'BorgOS could not order a certificate: its log says why'}.`,
  ];
  const isAboutReach = told?.status === null && told.type !== null;
  if (isAboutReach) {
    sentences.push(
      `It asks http://${domain}/ on port 80: ${domain} must lead to this machine (DNS), and its port 80 to BORGOS_HTTP_PORT (firewall, router).`,
    );
    if (isLoopback) {
      sentences.push('BorgOS listens for this machine alone: set BORGOS_HOST to 0.0.0.0.');
    }
  }
  if (certificate) {
    sentences.push(`The certificate that is served is valid until ${certificate.not_after}.`);
  }
  return sentences.join(' ');
}
