import { rm } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../database/embedded.ts';

/**
 * A process that runs the embedded PostgreSQL until its standard input ends, which is also how it
 * learns that the process which started it was killed.
 *
 * Takes the options of startEmbeddedPostgres as JSON, and `removeHome` to leave nothing behind.
 * Writes one line of JSON when the server is ready, or ends with 1 and says why on standard error.
 */
const { removeHome, ...options } = JSON.parse(process.argv[2] ?? '{}');
try {
  const { connectionString, version, pid, adopted, stop } = await startEmbeddedPostgres({
    ...options,
    log: pino({ level: 'silent' }),
  });
  process.stdout.write(`${JSON.stringify({ connectionString, version, pid, adopted })}\n`);
  await text(process.stdin);
  await stop();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
} finally {
  if (removeHome) await rm(options.home, { recursive: true, force: true });
}
