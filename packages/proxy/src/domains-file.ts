import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type DomainState, noDomains, parseDomainState } from './domain-state.ts';
import { writeDurably } from './durable-file.ts';
import type { Log } from './log.ts';
import { errorCode } from './refusal.ts';

const FILE = 'domains.json';

/** As they were last written; a file that cannot be understood is put aside, as with the routes. */
export async function readDomains(directory: string, log: Log): Promise<DomainState> {
  const path = join(directory, FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return noDomains;
    throw error;
  }
  try {
    return parseDomainState(JSON.parse(text));
  } catch (error) {
    await rename(path, `${path}.broken`);
    log(`${FILE} cannot be read and was put aside as ${FILE}.broken: ${String(error)}`);
    return noDomains;
  }
}

export async function writeDomains(directory: string, state: DomainState): Promise<void> {
  await writeDurably(join(directory, FILE), `${JSON.stringify(state)}\n`);
}
