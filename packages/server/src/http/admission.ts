import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Caller, RateLimit } from '@borgos/contracts/caller';
import type { Endpoint } from '@borgos/contracts/endpoint';
import { authorize, unknownCaller } from '../caller.ts';
import { AppError } from '../errors.ts';
import type { RateLimits, Taken } from '../rate-limits/rate-limits.ts';
import { createGuard, type GuardRules, isSentryIntake, pathOf } from './guard.ts';
import { createIdentify, type IdentifyOptions } from './identify.ts';
import { createAddressOf, networkOf } from './peer-address.ts';

export interface AdmissionOptions extends GuardRules, IdentifyOptions {
  /** Addresses and CIDR ranges whose `X-Forwarded-For` is believed. */
  trustedProxies: readonly string[];
  rateLimits: RateLimits;
  /** `null`: nothing is limited. */
  rateLimit: RateLimit | null;
}

/** A request that has arrived: of HTTP, or to be upgraded. */
export interface Arrival {
  id: string;
  method: string;
  /** As it was sent: a path, or a whole URL. */
  target: string;
  headers: IncomingHttpHeaders;
  rawHeaders: readonly string[];
  socket: Socket;
}

export interface Verdict {
  caller: Caller;
  /** Why it may not pass; `undefined`: it may. */
  refusal: unknown;
  /** That its answer must carry; `null`: none. */
  headers: Record<string, string> | null;
}

/** How much more the pages that BorgOS itself serves may ask than a script. */
const pageFactor = 10;

/**
 * The one way in, for everything that BorgOS serves: is the request meant for us and not sent by a
 * foreign page, who is it from, have they asked too much, may they do this?
 */
export function createAdmission(options: AdmissionOptions) {
  const { rateLimits, rateLimit } = options;
  const guard = createGuard(options);
  const identify = createIdentify(options);
  const addressOf = createAddressOf(options.trustedProxies);

  /** Lets a request to what needs that scope in, or says why not. */
  function admit(arrival: Arrival, scope: Endpoint['scope']): Verdict | Promise<Verdict> {
    const address = addressOf(arrival.socket.remoteAddress, arrival.headers);
    const refuse = (refusal: unknown) => charge(arrival, unknownCaller(address), refusal);
    const judge = (caller: Caller) => charge(arrival, caller, refusalOf(caller, scope));
    const refusal = guard(arrival);
    if (refusal) return refuse(refusal);
    // It has a credential of its own, and limits of its own: see error-log/sentry/intake.ts.
    if (isSentryIntake(arrival)) {
      return { caller: unknownCaller(address), refusal: undefined, headers: null };
    }
    try {
      const caller = identify(arrival, address);
      return caller instanceof Promise ? caller.then(judge, refuse) : judge(caller);
    } catch (error) {
      return refuse(error);
    }
  }

  function charge(arrival: Arrival, caller: Caller, refusal: unknown): Verdict | Promise<Verdict> {
    const limit = limitOf(arrival, caller);
    if (!limit) return { caller, refusal, headers: null };
    const taken = rateLimits.take(keyOf(arrival, caller), limit);
    const conclude = (taken: Taken): Verdict => ({
      caller,
      refusal: taken.allowed ? refusal : tooMany(taken),
      headers: limitHeaders(taken, limit),
    });
    return taken instanceof Promise ? taken.then(conclude) : conclude(taken);
  }

  function limitOf({ target, headers }: Arrival, caller: Caller): RateLimit | null {
    if (!/^\/api\/v1(?![^/?])/.test(pathOf(target))) return null;
    if (caller.rateLimit) return caller.rateLimit;
    if (!rateLimit || !isOwnPage(headers)) return rateLimit;
    return { perMinute: rateLimit.perMinute * pageFactor, burst: rateLimit.burst * pageFactor };
  }

  return { admit, guard };
}

function refusalOf(caller: Caller, scope: Endpoint['scope']): AppError | undefined {
  try {
    authorize(caller, scope);
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** Whose requests count together. */
function keyOf({ headers }: Arrival, caller: Caller): string {
  const kind = isOwnPage(headers) ? 'page ' : '';
  if (caller.tokenId !== null) return `${kind}token ${caller.tokenId}`;
  if (caller.user) return `${kind}user ${caller.user.id}`;
  // A foreign page that is refused must not use up what the user of the same machine may ask.
  const stranger = caller.credential === 'none' ? 'stranger ' : '';
  return `${kind}${stranger}address ${networkOf(caller.address)}`;
}

/** The guard has let it pass, so the page it comes from is one that BorgOS serves. */
function isOwnPage(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-site'] === 'same-origin';
}

function tooMany({ retryAfter }: Taken): AppError {
  const wait = retryAfter === 1 ? '1 second' : `${retryAfter} seconds`;
  return new AppError('RATE_LIMITED', `Too many requests. Try again in ${wait}`, {
    retryAfterSeconds: retryAfter,
  });
}

function limitHeaders(taken: Taken, { perMinute, burst }: RateLimit): Record<string, string> {
  const secondsLeft = Math.max(0, taken.resetAt - Math.floor(Date.now() / 1000));
  return {
    'x-ratelimit-limit': String(perMinute),
    'x-ratelimit-remaining': String(Math.max(0, perMinute - taken.used)),
    'x-ratelimit-reset': String(taken.resetAt),
    'ratelimit-policy': `"default";q=${perMinute};w=60, "burst";q=${burst};w=${Math.ceil((burst * 60) / perMinute)}`,
    ratelimit: `"default";r=${Math.max(0, perMinute - taken.used)};t=${secondsLeft}, "burst";r=${Math.max(0, burst - taken.used)};t=${secondsLeft}`,
  };
}
