import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join, resolve } from 'node:path';
import { openControlAddress } from './control-address.ts';
import { createControlApi } from './control-api.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { createDomainTable } from './domain-table.ts';
import { readDomains, writeDomains } from './domains-file.ts';
import { limits } from './limits.ts';
import { createLog, type Log } from './log.ts';
import { createRouteTable } from './route-table.ts';
import { readRoutes, writeRoutes } from './routes-file.ts';

/** Exit codes: 2 wrong usage, 3 another proxy has the directory. */
async function main([argument, ...rest]: string[]): Promise<void> {
  const version = readVersion();
  if (argument === '--version') {
    console.log(version);
    return;
  }
  if (argument === undefined || argument === '' || rest.length > 0) {
    console.error('usage: node main.ts <directory>');
    process.exitCode = 2;
    return;
  }
  const directory = resolve(argument);
  process.umask(0o077);
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o700);
  const log = createLog(directory);
  const lock = lockDirectory(directory, 'proxy.lock');
  if (!lock) {
    log(`pid ${process.pid} ends: another proxy serves ${directory}`);
    process.exitCode = 3;
    return;
  }
  // At once: who wants to end a holder that hangs must not find the pid of an earlier one.
  const pidFile = join(directory, 'proxy.pid');
  writeFileSync(pidFile, `${process.pid}\n`);
  await serve(directory, version, { lock, pidFile }, log);
}

async function serve(
  directory: string,
  version: string,
  { lock, pidFile }: { lock: DirectoryLock; pidFile: string },
  log: Log,
): Promise<void> {
  const save = (routes: Parameters<typeof writeRoutes>[1]) => writeRoutes(directory, routes);
  const table = await createRouteTable(await readRoutes(directory, log), save, log);
  const domains = await createDomainTable({
    initial: await readDomains(directory, log),
    directory,
    site: table.site,
    save: (state) => writeDomains(directory, state),
    log,
  });

  let ending = false;
  const end = async (why: string) => {
    if (ending) return;
    ending = true;
    log(`pid ${process.pid} ends: ${why}`);
    await table.close(false);
    domains.stop();
    await table.stop(limits.farewellMs);
    rmSync(pidFile, { force: true });
    // Named here also to keep it referenced: collected as garbage it would be released.
    lock.release();
    process.exit(0);
  };

  // Only the holder of the lock comes here, so a socket that is there is a dead one's.
  rmSync(join(directory, 'control.sock'), { force: true });
  const info = { pid: process.pid, version, startedAt: new Date().toISOString() };
  const control = createControlApi(table, domains, info, () => void end('told to'), log);
  const address = openControlAddress(directory);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  control.once('error', reject);
  control.listen(address.path, resolve);
  await promise;
  control.on('error', (error) => log(`control socket: ${error.message}`));

  process.on('SIGTERM', () => void end('SIGTERM'));
  process.on('SIGINT', () => void end('SIGINT'));
  // It outlives the terminal that its server was started from.
  process.on('SIGHUP', () => {});
  log(`pid ${process.pid}, version ${version}, serves ${table.list().length} routes`);
  // A process that is only ever killed would never write it, and the next start would be slower.
  flushCompileCache();
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version }: { version: string } = JSON.parse(text);
  return version;
}

await main(process.argv.slice(2));
