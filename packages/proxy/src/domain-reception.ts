import type { IncomingMessage } from 'node:http';
import { checkRequest } from './check-request.ts';
import type { Domain } from './domain-state.ts';
import { challengeAnswer, misdirected, redirect, refuse, unknownDomain } from './own-answers.ts';
import type { Site } from './site.ts';
import type { OwnAnswer } from './visitor-port.ts';

/** What the routing by name is decided from, always up to date. */
export interface DomainDirectory {
  find(domain: string): Domain | undefined;
  /** The key authorization of a challenge. */
  answerTo(token: string): string | undefined;
  site(deploymentId: number): Site;
  httpPort(): number;
  /** `null`: no visitor reaches it. */
  httpsPort(): number | null;
}

const challenges = '/.well-known/acme-challenge/';

/** Where a request in clear goes: challenges first, then on to TLS if the domain has that. */
export function receiveInClear(
  request: IncomingMessage,
  directory: DomainDirectory,
): Site | OwnAnswer {
  const checked = checkRequest(request, null);
  if ('status' in checked) return refuse(checked);
  const { host = '', path } = checked;
  const isChallenge = path.startsWith(challenges);
  const answer = isChallenge && directory.answerTo(path.slice(challenges.length));
  if (answer) return challengeAnswer(answer);
  const domain = directory.find(nameOf(host));
  if (!domain) return unknownDomain;
  const site = directory.site(domain.deploymentId);
  const httpsPort = directory.httpsPort();
  const redirects =
    domain.certificate !== null &&
    httpsPort !== null &&
    !isChallenge &&
    site.upstream() !== null &&
    !cameSecurely(request, site);
  if (!redirects) return onPort(site, directory.httpPort());
  const suffix = publicSuffix(host, directory.httpPort(), httpsPort);
  return redirect(`https://${domain.domain}${suffix}${path === '*' ? '/' : path}`);
}

/** Where a request within TLS goes: only to the domain whose certificate the visitor has seen. */
export function receiveSecurely(
  request: IncomingMessage,
  directory: DomainDirectory,
): Site | OwnAnswer {
  const checked = checkRequest(request, null);
  if ('status' in checked) return refuse(checked);
  const name = nameOf(checked.host ?? '');
  if (name !== serverNameOf(request)) return misdirected;
  const domain = directory.find(name);
  const port = directory.httpsPort();
  if (!domain || port === null) return unknownDomain;
  return onPort(directory.site(domain.deploymentId), port);
}

/** The name in a `Host` as domains are kept. */
export function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}

function serverNameOf({ socket }: IncomingMessage): string | undefined {
  const name = 'servername' in socket ? socket.servername : undefined;
  return typeof name === 'string' ? nameOf(name) : undefined;
}

function onPort(site: Site, port: number): Site {
  return { ...site, port: () => port };
}

/** A trusted proxy before this one may have ended the TLS: a redirect would have no end. */
function cameSecurely({ headers, socket }: IncomingMessage, site: Site): boolean {
  const peer = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  const proto = headers['x-forwarded-proto'];
  return site.trusts(peer) && typeof proto === 'string' && /^https$/i.test(proto.trim());
}

/**
 * The port of the address that a visitor is sent to. Who came to port 80 although this listens on
 * another one came through a mapping of ports, which then surely has one from 443, too.
 */
function publicSuffix(host: string, httpPort: number, httpsPort: number): string {
  const isMapped = !/:\d+$/.test(host) && httpPort !== 80;
  return isMapped || httpsPort === 443 ? '' : `:${httpsPort}`;
}
