import { request } from 'node:http';

export type ProbeResult = { healthy: true } | { healthy: false; problem: string; refused: boolean };

const timeoutMs = 2_000;

/**
 * Asks an app over HTTP whether it works. With `path`: it must answer 2xx or 3xx there. Without:
 * any answer of `/` below 500 will do, as an API may have nothing at `/`; so will bytes that are
 * not HTTP, as not every service speaks it.
 */
export function probe(
  address: { host: string; port: number },
  path: string | null,
  signal: AbortSignal,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const sick = (problem: string, refused = false) =>
      resolve({ healthy: false, problem, refused });
    const outgoing = request({
      ...address,
      path: path ?? '/',
      agent: false,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headers: { host: 'localhost', 'user-agent': 'BorgOS-Health-Check', connection: 'close' },
    });
    outgoing.once('response', (response) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      if (path ? status >= 200 && status < 400 : status < 500) resolve({ healthy: true });
      else sick(`GET ${path ?? '/'} answered ${status}`);
    });
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      if (error.name === 'AbortError' || error.name === 'TimeoutError') {
        sick(`accepts connections but did not answer GET ${path ?? '/'} within ${timeoutMs} ms`);
      } else if (error.code?.startsWith('HPE_') && !path) resolve({ healthy: true });
      else sick('refuses connections', true);
    });
    outgoing.end();
  });
}
