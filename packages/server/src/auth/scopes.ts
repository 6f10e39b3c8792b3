import type { Scope } from '@borgos/contracts/endpoint';
import { includesScope } from '../caller.ts';
import { AppError } from '../errors.ts';

/**
 * Nobody can hand on more than they may do themselves.
 * @param whose who has `scopes`, as the beginning of a sentence: `The caller`
 * @throws AppError SCOPE_MISSING that names the first scope that is too much
 */
export function refuseMoreThan(
  scopes: Iterable<Scope>,
  wanted: readonly Scope[],
  whose: string,
): void {
  const held = new Set(scopes);
  const missing = wanted.find((scope) => !includesScope(held, scope));
  if (!missing) return;
  const list = [...held].sort().join(', ') || 'none';
  throw new AppError(
    'SCOPE_MISSING',
    `${whose} does not have the scope ${missing} and so cannot give it; it has ${list}`,
  );
}

/** What both allow: to write where both may write, to read where both may at least read. */
export function commonScopes(some: readonly Scope[], others: readonly Scope[]): Scope[] {
  const held = new Set(others);
  const common = some.flatMap((scope): Scope[] => {
    if (includesScope(held, scope)) return [scope];
    const toRead = scope.replace(/:write$/, ':read') as Scope;
    return includesScope(held, toRead) ? [toRead] : [];
  });
  return [...new Set(common)];
}
