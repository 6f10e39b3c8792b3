import { mkdir, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeApp } from '../testing/project-folder.ts';
import { makeSmallDisk } from '../testing/small-disk.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { makeDeploying } from './testing/deploying.ts';

const mebibyte = 1024 ** 2;
const size = 96;
const disk = await makeSmallDisk(size);

describe.runIf(disk)('on a disk that becomes full', { timeout: 60_000 }, () => {
  const home = disk?.path ?? '';
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      settings: { runtime: 'process', home },
      deadlines: { health: 8_000, settle: 100, settleAgain: 50, grace: 2_000 },
    });
  });
  afterAll(async () => {
    await app?.close();
    await disk?.remove();
  });

  const textOf = async (port: number) => (await fetch(`http://localhost:${port}`)).text();
  async function freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(home);
    return bavail * bsize;
  }
  /** Leaves so much of the disk. */
  async function fill(file: string, leave: number): Promise<void> {
    await writeFile(file, Buffer.alloc((await freeBytes()) - leave));
  }

  test('a build does not begin, what serves goes on, and the reason says what to do', async () => {
    await using shop = await makeDeploying(app, {});
    const { id, port } = await shop.release(nodeApp('one'));
    const ballast = path.join(home, 'of-somebody-else');
    await fill(ballast, 3 * mebibyte);
    await shop.release(nodeApp('two'));
    const failed = await app.until(id, 'running');
    expect(failed).toMatchObject({ failure_code: 'DISK_FULL', revision: 1 });
    expect(failed.status_reason).toContain(`The disk of ${home} has `);
    expect(failed.status_reason).toMatch(/\d bytes \([23]\.\d MiB\) free.* 4\.8 MiB/);
    expect(failed.status_reason).toContain('GET /api/v1/volumes');
    expect(await textOf(port)).toBe('one');
    await rm(ballast);
    await shop.release(nodeApp('three'));
    expect(await textOf(port)).toBe('three');
  });

  for (const [how, slowDown] of [
    ['slowly', `if (statfs('.').bavail * statfs('.').bsize < 4e6) wait = 100, size = 65536;`],
    ['faster than anybody could look', ''],
  ] as const) {
    test(`a build that fills it ${how} is ended, and leaves it as it was`, async () => {
      await using shop = await makeDeploying(app, {});
      const { id, port } = await shop.release(nodeApp('one'));
      const before = await freeBytes();
      const build = `
        const fs = require('node:fs');
        const statfs = fs.statfsSync;
        let [wait, size] = [0, 1024 * 1024];
        (function write() {
          fs.appendFileSync('big', Buffer.alloc(size));
          ${slowDown}
          setTimeout(write, wait);
        })();
      `;
      const manifest = { name: 'big', main: 'server.js', scripts: { build: 'node build.js' } };
      await shop.release({
        ...nodeApp('big'),
        'package.json': JSON.stringify(manifest),
        'build.js': build,
      });
      const failed = await app.until(id, 'running');

      expect(failed).toMatchObject({ failure_code: 'DISK_FULL', revision: 1 });
      expect(failed.status_reason).toMatch(
        how === 'slowly' ? /is ended below 2\.4/ : /became full|is ended below 2\.4/,
      );
      expect(failed.status_reason).toContain(home);
      expect(await textOf(port)).toBe('one');
      expect((await freeBytes()) / before).toBeGreaterThan(0.95);
    });
  }

  test('what nobody needs is removed first, volumes are not, and then the build begins', async () => {
    await using shop = await makeDeploying(app, {});
    const { id, port } = await shop.release(nodeApp('one'), {
      volumes: [{ name: 'data', path: '/data' }],
    });
    const kept = path.join(home, 'volumes', String(id), 'data', 'kept');
    await writeFile(kept, Buffer.alloc(20 * mebibyte));
    // As a server leaves it that is killed between the end of a build and its record.
    await mkdir(path.join(home, 'releases', 'unknown'));
    await writeFile(path.join(home, 'releases', '.unknown.complete'), '');
    await mkdir(path.join(home, 'cache'), { recursive: true });
    await writeFile(path.join(home, 'cache', 'download'), Buffer.alloc(20 * mebibyte));
    await fill(path.join(home, 'releases', 'unknown', 'big'), 3 * mebibyte);
    expect(await shop.release(nodeApp('two'))).toMatchObject({ failure_code: null });
    expect(await textOf(port)).toBe('two');
    expect(await readdir(path.join(home, 'releases'))).not.toContain('unknown');
    expect(await readdir(path.dirname(kept))).toEqual(['kept']);
  });
});
