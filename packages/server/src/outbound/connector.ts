import { lookup as lookupName } from 'node:dns/promises';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { type AddressRules, portOf } from './address-rules.ts';

/** All addresses of a name. */
export type Resolve = (name: string) => Promise<{ address: string; family: number }[]>;

export interface GuardedAgentOptions {
  rules: Pick<AddressRules, 'refusalOf'>;
  connectTimeoutMs: number;
  resolve?: Resolve | undefined;
}

/** A receiver that must not be reached: its message says why. */
export class ForbiddenAddress extends Error {
  override name = 'ForbiddenAddress';
}

/** Several of the same kind may have the same receiver, which must not be flooded. */
const connectionsPerReceiver = 16;
/** Only for bursts: who closes in the same moment would fail the next request. */
const idleMs = 4_000;
const largestHead = 16_384;

const resolveName: Resolve = (name) => lookupName(name, { all: true });

/**
 * Connects only to what the rules allow, to exactly the addresses that were judged, so that a name
 * which resolves to something else in the next moment gains nothing. It uses no proxy, checks
 * certificates whatever the environment says, and speaks HTTP/1.1. Of time, it bounds only
 * connecting: who sends bounds the whole.
 */
export function createGuardedAgent(options: GuardedAgentOptions): Agent {
  return new Agent({
    connect: guardedConnector(options),
    connections: connectionsPerReceiver,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMs,
    maxHeaderSize: largestHead,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

function guardedConnector(options: GuardedAgentOptions): buildConnector.connector {
  const { rules, connectTimeoutMs, resolve = resolveName } = options;
  return (target, callback) => {
    const { hostname } = target;
    const host = isIP(hostname) === 6 ? `[${hostname}]` : hostname;
    const port = portOf(target);
    const judge = (address: string) => {
      const refusal = rules.refusalOf(address, host, port);
      return refusal === undefined ? undefined : new ForbiddenAddress(refusal);
    };

    // Nothing is looked up for an address, so it would never be judged there.
    const refused = isIP(hostname) ? judge(hostname) : undefined;
    if (refused) {
      queueMicrotask(() => callback(refused, null));
      return undefined;
    }
    const connect = buildConnector({
      timeout: connectTimeoutMs,
      allowH2: false,
      maxCachedSessions: 0,
      rejectUnauthorized: true,
      lookup: guardedLookup(resolve, judge),
    });
    let forbidden: ForbiddenAddress | undefined;
    // Undici gives the socket back, which its types do not tell.
    const socket = connect(target, (error, connected) => {
      if (forbidden) callback(forbidden, null);
      else if (error) callback(error, null);
      else callback(null, connected);
    }) as unknown as Socket;
    // Before anyone else who waits for the connection, TLS included, so that no byte is sent.
    socket.prependOnceListener('connect', () => {
      forbidden = judge(socket.remoteAddress ?? '');
      if (forbidden) socket.destroy(forbidden);
    });
    // Through it undici ends an attempt that nobody waits for any more.
    return socket;
  };
}

/** One forbidden address among several is enough: which of them is connected to is chance. */
function guardedLookup(
  resolve: Resolve,
  judge: (address: string) => ForbiddenAddress | undefined,
): LookupFunction {
  return (name, { all }, callback) => {
    resolve(name)
      .then((addresses) => {
        const forbidden = addresses.map(({ address }) => judge(address)).find(Boolean);
        if (forbidden) throw forbidden;
        const [first] = addresses;
        if (!first) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
        if (all) callback(null, addresses);
        else callback(null, first.address, first.family);
      })
      .catch((error) => callback(error, ''));
  };
}
