import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from './durable-file.ts';
import type { Log } from './log.ts';
import { errorCode, invalid } from './refusal.ts';
import { parseObject, parseRoute, type Route } from './route.ts';

const FILE = 'routes.json';

/**
 * The routes as they were last written. A file that cannot be understood is put aside, as a proxy
 * that serves nothing until the server tells its routes again is better than one that cannot start.
 */
export async function readRoutes(directory: string, log: Log): Promise<Route[]> {
  const path = join(directory, FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
  try {
    const { routes } = parseObject(JSON.parse(text), FILE, ['routes']);
    if (!Array.isArray(routes)) throw invalid('routes must be a list');
    return routes.map(parseRoute);
  } catch (error) {
    await rename(path, `${path}.broken`);
    log(`${FILE} cannot be read and was put aside as ${FILE}.broken: ${String(error)}`);
    return [];
  }
}

/** Either the old or the new routes are on the disk at any moment, also when the power fails. */
export async function writeRoutes(directory: string, routes: Route[]): Promise<void> {
  await writeDurably(join(directory, FILE), `${JSON.stringify({ routes }, null, 2)}\n`);
}
