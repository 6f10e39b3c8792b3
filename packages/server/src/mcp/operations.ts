import type { Call, Endpoint } from '@borgos/contracts/endpoint';
import { authorize } from '../caller.ts';
import { AppError } from '../errors.ts';

/** What an endpoint does, for an input that its schemas have made. */
export type Operation = (input: Record<string, unknown>, call: Call) => Promise<unknown>;

/** What the API can do, by its endpoints: the very handlers that answer over HTTP. */
export type Operations = ReadonlyMap<Endpoint, Operation>;

/**
 * Does what an endpoint does, for this caller.
 * @throws AppError, SCOPE_MISSING among them
 */
export async function perform(
  operations: Operations,
  endpoint: Endpoint,
  input: Record<string, unknown>,
  call: Call,
): Promise<unknown> {
  authorize(call.caller, endpoint.scope);
  const operation = operations.get(endpoint);
  if (!operation) throw new AppError('NOT_FOUND', `${endpoint.path} is not served here`);
  return operation(input, call);
}
