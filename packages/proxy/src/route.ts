import { isIP } from 'node:net';
import { limits } from './limits.ts';
import { invalid } from './refusal.ts';

export interface Target {
  host: string;
  port: number;
}

/** What one port serves, as in `routes.json` and on the control socket. */
export interface Route {
  deploymentId: number;
  /** The address that visitors' connections are taken on: `127.0.0.1`, `0.0.0.0`. */
  host: string;
  port: number;
  /** `null`: nothing to serve yet, visitors get 503. */
  target: Target | null;
  /** Addresses and CIDR ranges whose `X-Forwarded-*` headers are believed. */
  trustedProxies: string[];
}

const hostname = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*$/i;

/** Strict: unknown, missing and wrong fields throw `Refusal` INVALID with the field's name. */
export function parseRoute(value: unknown): Route {
  const fields = parseObject(value, 'the route', [
    'deploymentId',
    'host',
    'port',
    'target',
    'trustedProxies',
  ]);
  return {
    deploymentId: parseInteger(fields.deploymentId, 'deploymentId', 1, Number.MAX_SAFE_INTEGER),
    host: parseAddress(fields.host, 'host'),
    port: parseInteger(fields.port, 'port', 1, 65_535),
    target: fields.target === null ? null : parseTarget(fields.target),
    trustedProxies: parseTrustedProxies(fields.trustedProxies),
  };
}

export function parseTarget(value: unknown): Target {
  const fields = parseObject(value, 'target', ['host', 'port']);
  const host = fields.host;
  if (typeof host !== 'string' || !(isIP(host) || hostname.test(host))) {
    throw invalid('target.host must be an IP address or a host name');
  }
  return { host, port: parseInteger(fields.port, 'target.port', 1, 65_535) };
}

export function parseTimeout(value: unknown): number {
  return parseInteger(value, 'timeoutMs', 0, limits.drainMs);
}

export function parseInteger(value: unknown, name: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw invalid(`${name} must be an integer from ${least} to ${most}`);
  }
  return value;
}

/** An object with exactly these fields. */
export function parseObject(
  value: unknown,
  name: string,
  allowed: string[],
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${name} must be an object`);
  }
  const fields: Record<string, unknown> = { ...value };
  const unknown = Object.keys(fields).find((field) => !allowed.includes(field));
  if (unknown !== undefined) {
    throw invalid(`${name} has no field ${JSON.stringify(unknown)}, only ${allowed.join(', ')}`);
  }
  const missing = allowed.find((field) => fields[field] === undefined);
  if (missing !== undefined) throw invalid(`${name} needs ${missing}`);
  return fields;
}

export function parseAddress(value: unknown, name: string): string {
  if (typeof value !== 'string' || !(isIP(value) || value === 'localhost')) {
    throw invalid(`${name} must be an IP address`);
  }
  return value;
}

function parseTrustedProxies(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > 64) {
    throw invalid('trustedProxies must be a list of at most 64 addresses');
  }
  return value.map((entry: unknown) => {
    if (typeof entry !== 'string') throw invalid('trustedProxies must hold strings');
    const [address = '', prefix, ...rest] = entry.split('/');
    const bits = isIP(address) === 6 ? 128 : 32;
    const fits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
    if (!isIP(address) || !fits || rest.length > 0) {
      throw invalid(`trustedProxies: ${JSON.stringify(entry)} is no address and no CIDR range`);
    }
    return entry;
  });
}
