import type { Actor, Caller } from '@borgos/contracts/caller';
import { type Scope, scopes } from '@borgos/contracts/endpoint';
import { AppError } from './errors.ts';

/** What BorgOS does by itself, as it is recorded. */
export const systemActor: Actor = {
  credential: 'system',
  user: null,
  token_id: null,
  address: null,
  request_id: null,
};

const allScopes: ReadonlySet<Scope> = new Set(scopes);

/** The user of this machine, who needs no credential. */
export function localCaller(address: string): Caller {
  return {
    credential: 'local',
    user: null,
    tokenId: null,
    address,
    scopes: allScopes,
    rateLimit: null,
  };
}

/**
 * Nobody known: may only call what is open to everybody.
 * @param because what a refusal says
 */
export function unknownCaller(address: string, because?: string): Caller {
  return {
    credential: 'none',
    user: null,
    tokenId: null,
    address,
    scopes: new Set(),
    rateLimit: null,
    ...(because !== undefined && { unknownBecause: because }),
  };
}

export function actorOf(caller: Caller, requestId: string): Actor {
  return {
    credential: caller.credential,
    user: caller.user?.name ?? null,
    token_id: caller.tokenId,
    address: caller.address,
    request_id: requestId,
  };
}

/** Whether somebody who has these scopes may do what needs that one. */
export function includesScope(scopes: ReadonlySet<Scope>, needed: Scope): boolean {
  if (scopes.has(needed)) return true;
  return needed.endsWith(':read') && scopes.has(needed.replace(/:read$/, ':write') as Scope);
}

/**
 * The one decision about what a caller may do, for every way in.
 * @param needed `any`: whoever is let in; `null`: everybody
 * @throws AppError UNAUTHORIZED, SCOPE_MISSING
 */
export function authorize(caller: Caller, needed: Scope | 'any' | null): void {
  if (needed === null) return;
  if (caller.credential === 'none') {
    const reason = caller.unknownBecause ?? 'Invalid or missing authentication token';
    throw new AppError('UNAUTHORIZED', reason);
  }
  if (needed === 'any' || includesScope(caller.scopes, needed)) return;
  const has = [...caller.scopes].sort().join(', ') || 'none';
  throw new AppError('SCOPE_MISSING', `This needs the scope ${needed}; the caller has ${has}`);
}
