import { isLoopback } from './settings-table.ts';

/** The address that it listens on is a name of the server's, unless it stands for all of them. */
export function ownName(host: string): string[] {
  if (isLoopback(host) || ['0.0.0.0', '::'].includes(host)) return [];
  return [host.includes(':') ? `[${host}]` : host];
}
