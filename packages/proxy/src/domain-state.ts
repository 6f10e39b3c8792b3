import { limits } from './limits.ts';
import { invalid } from './refusal.ts';
import { parseAddress, parseInteger, parseObject } from './route.ts';

/** Where all domains are served together. */
export interface SharedAddress {
  /** An address of this machine: `127.0.0.1`, `0.0.0.0`. */
  host: string;
  port: number;
}

export interface Domain {
  /** In lower case, without a dot at its end. */
  domain: string;
  deploymentId: number;
  /** The name of a file in `certificates/`; `null`: served in clear only. */
  certificate: string | null;
}

/** What an ACME server will ask for to see that a domain leads here (RFC 8555, 8.3). */
export interface Challenge {
  token: string;
  keyAuthorization: string;
}

/** All about domains at once, as in `domains.json` and on the control socket. */
export interface DomainState {
  /** `null`: nothing is served there. */
  http: SharedAddress | null;
  https: SharedAddress | null;
  domains: Domain[];
  challenges: Challenge[];
}

export const noDomains: DomainState = { http: null, https: null, domains: [], challenges: [] };

const domainName =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
/** Nothing else is ever read or removed in `certificates/`. */
export const certificateName = /^[0-9a-f]{64}\.pem$/;

/** Strict: unknown, missing and wrong fields throw `Refusal` INVALID with the field's name. */
export function parseDomainState(value: unknown): DomainState {
  const names = ['http', 'https', 'domains', 'challenges'];
  const fields = parseObject(value, 'the domains', names);
  return {
    http: parseShared(fields.http, 'http'),
    https: parseShared(fields.https, 'https'),
    domains: parseList(fields.domains, 'domains').map(parseDomain),
    challenges: parseList(fields.challenges, 'challenges').map(parseChallenge),
  };
}

function parseShared(value: unknown, name: string): SharedAddress | null {
  if (value === null) return null;
  const { host, port } = parseObject(value, name, ['host', 'port']);
  return {
    host: parseAddress(host, `${name}.host`),
    port: parseInteger(port, `${name}.port`, 1, 65_535),
  };
}

function parseDomain(value: unknown): Domain {
  const names = ['domain', 'deploymentId', 'certificate'];
  const { domain, deploymentId, certificate } = parseObject(value, 'a domain', names);
  return {
    domain: parseText(domain, 'domain', domainName),
    deploymentId: parseInteger(deploymentId, 'deploymentId', 1, Number.MAX_SAFE_INTEGER),
    certificate:
      certificate === null ? null : parseText(certificate, 'certificate', certificateName),
  };
}

function parseChallenge(value: unknown): Challenge {
  const fields = parseObject(value, 'a challenge', ['token', 'keyAuthorization']);
  return {
    token: parseText(fields.token, 'token', /^[\w-]{1,256}$/),
    keyAuthorization: parseText(fields.keyAuthorization, 'keyAuthorization', /^[\w.-]{1,512}$/),
  };
}

function parseList(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value) || value.length > limits.domains) {
    throw invalid(`${name} must be a list of at most ${limits.domains}`);
  }
  return value;
}

function parseText(value: unknown, name: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw invalid(`${name} is malformed`);
  return value;
}
