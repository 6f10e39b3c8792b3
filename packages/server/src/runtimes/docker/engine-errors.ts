import { ReleaseFailure } from '../../errors.ts';
import { codeOf } from '../error-code.ts';

/** Answers of a socket that nobody serves, or that was cut before the engine had answered. */
const unreachableCodes = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EACCES',
  'EPERM',
  'EPIPE',
  'ENOTSOCK',
  'ETIMEDOUT',
]);

/** The HTTP status the engine answered with; `null` when it did not answer. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error)) return null;
  return typeof error.statusCode === 'number' ? error.statusCode : null;
}

/** What the engine said, without the client's preamble. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/^\(HTTP code \d+\) [^-]* - /, '')
    .replace(/^Error response from daemon: /, '')
    .trim();
}

/** What the engine answered; `undefined` when it has no such thing. */
export async function found<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** Returns the status among `statuses` that the engine answered with; `null`: it succeeded. */
export async function ignoring(statuses: number[], call: Promise<unknown>): Promise<number | null> {
  try {
    await call;
    return null;
  } catch (error) {
    const status = statusOf(error);
    if (status === null || !statuses.includes(status)) throw error;
    return status;
  }
}

/** Whether the engine is gone, as against: it answered, but not what was hoped for. */
export function isUnreachable(error: unknown): boolean {
  if (statusOf(error) !== null) return false;
  const code = codeOf(error);
  return code !== null && unreachableCodes.has(code);
}

/** For the user: the engine can't be used, and what to do about it. */
export function unavailable(socketPath: string, error: unknown): ReleaseFailure {
  const reason = codeOf(error) ?? reasonOf(error);
  const next =
    reason === 'EACCES' || reason === 'EPERM'
      ? 'add this user to the group "docker" and log in again'
      : 'start it (`systemctl start docker`, or Docker Desktop)';
  return new ReleaseFailure(
    'RUNTIME_UNAVAILABLE',
    `Docker Engine does not answer at ${socketPath} (${reason}): ${next}, then try again.`,
    { cause: error },
  );
}
