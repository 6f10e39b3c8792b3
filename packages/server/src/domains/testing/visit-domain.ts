import { request as httpRequest } from 'node:http';
import { type Agent, request as secureRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';

export interface DomainVisit {
  status: number;
  location: string | undefined;
  text: string;
  /** Of the certificate that was shown, in hexadecimal digits; `null`: none was. */
  serialNumber: string | null;
}

/** Asks this machine for a domain, whatever DNS says of it. `ca`: what is trusted, as PEM. */
export function visitDomain(
  url: string,
  { ca, agent }: { ca?: string; agent?: Agent } = {},
): Promise<DomainVisit> {
  const { hostname, port, pathname, protocol, host } = new URL(url);
  const isSecure = protocol === 'https:';
  const { promise, resolve, reject } = Promise.withResolvers<DomainVisit>();
  const outgoing = (isSecure ? secureRequest : httpRequest)({
    host: '127.0.0.1',
    servername: hostname,
    port,
    path: pathname,
    headers: { Host: host },
    agent: agent ?? false,
    timeout: 10_000,
    ...(ca !== undefined && { ca }),
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
  outgoing.on('error', reject);
  outgoing.on('response', (incoming) => {
    const { statusCode = 0, headers } = incoming;
    const serialNumber = isSecure
      ? (incoming.socket as TLSSocket).getPeerCertificate().serialNumber.toLowerCase()
      : null;
    let text = '';
    incoming.setEncoding('utf8');
    incoming.on('error', reject);
    incoming.on('data', (piece: string) => {
      text += piece;
    });
    incoming.on('end', () =>
      resolve({ status: statusCode, location: headers.location, text, serialNumber }),
    );
  });
  outgoing.end();
  return promise;
}
