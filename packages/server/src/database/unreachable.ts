/** Of Node, when a connection cannot be made or breaks off. */
const systemCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

/** Classes of SQLSTATE: lost connections, no room for another one, a server that stops or starts. */
const stateClasses = /^(?:08|53|57P0)/;

/** What `pg` says without any code. */
const messages =
  /^(?:Connection terminated|timeout expired|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed|Cannot use a pool after)/;

/**
 * Whether a statement failed because the database cannot be reached now: the same may succeed later.
 * Only for what working with the database has thrown.
 */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : undefined;
  if (code === 'ENOENT') return 'syscall' in error && error.syscall === 'connect';
  if (code !== undefined && systemCodes.has(code)) return true;
  if (code !== undefined && stateClasses.test(code)) return true;
  return messages.test(error.message);
}
