import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** What opens an Agent Zero. */
export interface Access {
  login: { user: string; password: string } | null;
  /** For the part of its API that programs use; `null`: it cannot be known. */
  apiKey: string | null;
}

/**
 * As `usr/.env` of an installation says it, which for Agent Zero wins over its environment. Read
 * anew each time: Agent Zero itself writes there when it is started first.
 */
export async function readAccess(directory: string): Promise<Access> {
  const text = await readFile(join(directory, 'usr', '.env'), 'utf8').catch(() => '');
  const {
    A0_PERSISTENT_RUNTIME_ID: id,
    AUTH_LOGIN: user,
    AUTH_PASSWORD: password = '',
  } = parseEnv(text);
  return {
    login: user ? { user, password } : null,
    apiKey: id ? apiKeyOf(id, user ?? '', password) : null,
  };
}

/** As Agent Zero makes it. */
export function apiKeyOf(runtimeId: string, user: string, password: string): string {
  const hash = createHash('sha256').update(`${runtimeId}:${user}:${password}`);
  return hash.digest('base64url').slice(0, 16);
}
