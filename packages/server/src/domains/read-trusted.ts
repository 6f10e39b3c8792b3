import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

/** @throws Error that says what is wrong with BORGOS_ACME_CA */
export async function readTrusted(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    const ca = await readFile(file, 'utf8');
    createSecureContext({ ca });
    return ca;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`BORGOS_ACME_CA ${file} cannot be used: ${reason}`, { cause: error });
  }
}
