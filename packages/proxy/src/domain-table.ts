import { createCertificates } from './certificates.ts';
import {
  type DomainDirectory,
  nameOf,
  receiveInClear,
  receiveSecurely,
} from './domain-reception.ts';
import type { Domain, DomainState } from './domain-state.ts';
import type { Log } from './log.ts';
import type { ChooseCertificate } from './secure-server.ts';
import { createSharedListener } from './shared-listener.ts';
import type { Site } from './site.ts';

/** Why visitors do not reach a shared port; `null`: they do, or it is not wanted. */
export interface SharedProblems {
  http: string | null;
  https: string | null;
}

export interface DomainTable {
  /** Writes it down, then serves it in place of what was; connections stay as they are. */
  put(state: DomainState): Promise<SharedProblems>;
  read(): { state: DomainState; problems: SharedProblems };
  /** Frees the shared ports; what is in flight goes on. */
  stop(): void;
}

/** Serves deployments by the name that visitors ask for, on ports that all of them share. */
export async function createDomainTable({
  initial,
  directory,
  site,
  save,
  log,
}: {
  initial: DomainState;
  /** Where `certificates/` is. */
  directory: string;
  site: (deploymentId: number) => Site;
  save: (state: DomainState) => Promise<void>;
  log: Log;
}): Promise<DomainTable> {
  const certificates = createCertificates(directory);
  let state = initial;
  let byName = new Map<string, Domain>();
  let answers = new Map<string, string>();
  let queue: Promise<unknown> = Promise.resolve();

  const names: DomainDirectory = {
    find: (domain) => byName.get(domain),
    answerTo: (token) => answers.get(token),
    site,
    httpPort: () => state.http?.port ?? 80,
    httpsPort: () => (https.problem() === null ? (state.https?.port ?? null) : null),
  };

  /** A name without a certificate gets none: the handshake fails, and tells nothing of the others. */
  const choose: ChooseCertificate = (serverName, done) => {
    const name = byName.get(nameOf(serverName))?.certificate;
    if (!name) {
      done(null);
      return;
    }
    certificates.open(name).then(
      (context) => done(null, context),
      (error: unknown) => {
        log(`the certificate of ${nameOf(serverName)} cannot be used: ${String(error)}`);
        done(error instanceof Error ? error : new Error(String(error)));
      },
    );
  };
  const http = createSharedListener((request) => receiveInClear(request, names), log);
  const https = createSharedListener((request) => receiveSecurely(request, names), log, choose);
  const problems = () => ({ http: http.problem(), https: https.problem() });

  async function serve(next: DomainState): Promise<void> {
    state = next;
    byName = new Map(next.domains.map((domain) => [domain.domain, domain]));
    answers = new Map(next.challenges.map((one) => [one.token, one.keyAuthorization]));
    const isUsed = next.domains.length > 0;
    // Without a domain every answer would be that there is none.
    await Promise.all([http.set(isUsed ? next.http : null), https.set(isUsed ? next.https : null)]);
  }

  await serve(initial);
  return {
    put(next) {
      const change = queue.then(async () => {
        const used = new Set(next.domains.flatMap((one) => one.certificate ?? []));
        await certificates.check(used);
        await save(next);
        await serve(next);
        // Not at the start: a file that is not used yet may be meant for the state that comes next.
        await certificates.keep(used);
        return problems();
      });
      queue = change.catch(() => {});
      return change;
    },
    read: () => ({ state, problems: problems() }),
    stop() {
      http.stop();
      https.stop();
    },
  };
}
