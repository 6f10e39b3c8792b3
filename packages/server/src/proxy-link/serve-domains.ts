import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DomainState } from '@borgos/proxy/domain-state';
import { z } from 'zod';
import type { DomainRouter, ServedCertificate } from '../domains/domain-router.ts';
import { ProxyRefusal } from './control-client.ts';

const problemList = z.object({
  problems: z.object({ http: z.string().nullable(), https: z.string().nullable() }),
});

/**
 * Tells the proxy its domains. Certificates go through files for this user only, which the proxy
 * finds again when it comes back without its server.
 */
export function createDomainLink(
  directory: string,
  host: string,
  call: (method: string, path: string, body?: unknown) => Promise<unknown>,
): DomainRouter {
  const folder = join(directory, 'certificates');

  async function put(certificate: ServedCertificate): Promise<string> {
    const name = `${certificate.fingerprint}.pem`;
    const file = join(folder, name);
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) return name;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, certificate.read(), { mode: 0o600, flush: true });
    await rename(`${file}.new`, file);
    return name;
  }

  return {
    async serveDomains({ http, https, domains, challenges }) {
      const state: DomainState = {
        http: http === null ? null : { host, port: http },
        https: https === null ? null : { host, port: https },
        domains: [],
        challenges,
      };
      for (const { domain, deploymentId, certificate } of domains) {
        const name = certificate && (await put(certificate));
        state.domains.push({ domain, deploymentId, certificate: name });
      }
      try {
        await call('PUT', '/domains', state);
      } catch (error) {
        // None is what every proxy serves.
        if (isTooOld(error) && domains.length === 0) return;
        throw error;
      }
    },

    async domainProblems() {
      try {
        return problemList.parse(await call('GET', '/domains')).problems;
      } catch (error) {
        if (!isTooOld(error)) throw error;
        const problem =
          'The proxy that runs is of an earlier version of BorgOS, without domains. End it, and it is started anew within a moment: send SIGTERM to the process in proxy/proxy.pid of BORGOS_HOME.';
        return { http: problem, https: problem };
      }
    },
  };
}

/** It outlives its server, so it may be one from before it knew of domains. */
function isTooOld(error: unknown): boolean {
  return error instanceof ProxyRefusal && error.code === 'UNKNOWN';
}
