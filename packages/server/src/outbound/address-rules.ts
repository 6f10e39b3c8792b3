import { isIP } from 'node:net';
import { AppError } from '../errors.ts';
import { type AddressKind, kindOf } from './address-kind.ts';

export interface AddressRulesOptions {
  /** What the administrator allows, exactly: `127.0.0.1:9000`, `hooks.internal:8443`, `[::1]:9000`. */
  allow: readonly string[];
  /** Whether loopback is allowed: 127.0.0.0/8, ::1 and `localhost`. */
  allowLoopback: boolean;
  /** On which BorgOS itself listens: on loopback it would take what is sent for the local user. */
  ownPorts: () => readonly number[];
  /** Who is sent where, and the setting of what is allowed, as messages name them. */
  purpose: { who: string; setting: string };
}

/** Which addresses may be reached that users of BorgOS have named. */
export interface AddressRules {
  /**
   * Judges what can be judged without asking for the name's addresses.
   * @throws AppError VALIDATION_FAILED that says what is wrong with the URL
   */
  checkUrl(text: string): URL;
  /**
   * Why an address must not be reached; `undefined`: it may.
   * @param host as in the URL, IPv6 in brackets
   */
  refusalOf(address: string, host: string, port: number): string | undefined;
}

/** The metadata services of clouds. Only some of their machines know these names. */
const metadataNames = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.azure.internal',
  'metadata.tencentyun.com',
  'instance-data',
  'instance-data.ec2.internal',
]);

const described: Record<AddressKind, string> = {
  public: 'a public address',
  loopback: 'a loopback address',
  private: 'a private address',
  'link-local': 'a link-local address',
  unspecified: 'an unspecified address',
  reserved: 'a reserved address',
};

/** @throws Error when an entry of `allow` is not `host:port` */
export function createAddressRules(options: AddressRulesOptions): AddressRules {
  const { allowLoopback, ownPorts, purpose } = options;
  const { who, setting } = purpose;
  const allowed = new Set(options.allow.map((entry) => receiverOf(entry, who)));

  function refusalOf(address: string, writtenHost: string, port: number): string | undefined {
    const host = plainHost(writtenHost);
    const kind = kindOf(address);
    const receiver = `${host}:${port}`;
    // Before what is allowed: an administrator means a receiver, not the API.
    if ((kind === 'loopback' || kind === 'unspecified') && ownPorts().includes(port)) {
      return `${receiver} is BorgOS itself, which ${who} may not call: name another receiver`;
    }
    if (kind === 'public' || allowed.has(receiver)) return undefined;
    if (kind === 'loopback' && allowLoopback && isLoopbackHost(host)) return undefined;
    const what = isIP(bare(host)) ? `${host} is` : `${host} resolves to ${address}, which is`;
    return `${what} ${described[kind]}: to allow it, an administrator adds ${receiver} to ${setting}`;
  }

  function refusalOfHost(host: string, port: number): string | undefined {
    if (isIP(bare(host))) return refusalOf(bare(host), host, port);
    // Whatever a resolver makes of it, this is what it means.
    if (/(?:^|\.)localhost$/.test(host)) return refusalOf('127.0.0.1', host, port);
    if (!metadataNames.has(host) || allowed.has(`${host}:${port}`)) return undefined;
    return `${host} is the metadata service of a cloud, which ${who} may not call: name another receiver`;
  }

  return {
    refusalOf,
    checkUrl(text) {
      const url = URL.parse(text);
      if (!url) refuse('must be a whole URL, such as https://example.com/hooks');
      if (url.protocol !== 'https:' && url.protocol !== 'http:') {
        refuse('must begin with https:// or http://');
      }
      // They would be kept and shown with the URL, and the signature already says who sends.
      if (url.username !== '' || url.password !== '') {
        refuse('must have no user or password in it: receivers check the signature');
      }
      const port = portOf(url);
      if (port === 0) refuse('must have a port of 1 to 65535, or none');
      const refusal = refusalOfHost(plainHost(url.hostname), port);
      if (refusal !== undefined) refuse(`cannot be used: ${refusal}`);
      return url;
    },
  };
}

/** The port of an http or https URL, also where it is left out. */
export function portOf(url: { protocol: string; port: string }): number {
  return Number(url.port || (url.protocol === 'https:' ? 443 : 80));
}

function refuse(message: string): never {
  throw new AppError('VALIDATION_FAILED', `url ${message}`, {
    details: [{ path: 'url', message }],
  });
}

/** A trailing dot only says that the name is whole. */
function plainHost(host: string): string {
  return host.replace(/\.+$/, '');
}

function bare(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** One spelling for what an administrator wrote, as URLs spell it. */
function receiverOf(entry: string, who: string): string {
  const [, host = '', port = ''] = /^([^/?#@\\\s]+):(\d{1,5})$/.exec(entry) ?? [];
  const url = host === '' ? null : URL.parse(`http://${host}:${port}/`);
  if (!url || Number(port) === 0) {
    throw new Error(
      `what ${who} may reach must be host:port, such as 127.0.0.1:9000, hooks.internal:8443 or [::1]:9000; it is ${JSON.stringify(entry)}`,
    );
  }
  return `${plainHost(url.hostname)}:${Number(port)}`;
}
