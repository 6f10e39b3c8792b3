import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createAppLogs } from '../../app-log/app-logs.ts';
import { createDiskGuard } from '../../deployments/disk-guard.ts';
import { dockerForTests } from '../../testing/docker-for-tests.ts';
import { startSecondEngine } from '../../testing/second-engine.ts';
import { makeSmallDisk } from '../../testing/small-disk.ts';
import { createDockerRuntime } from './docker-runtime.ts';

const docker = await dockerForTests();
const disk = docker.available ? await makeSmallDisk(128) : undefined;

test.runIf(disk)(
  'no build begins when the disk of Docker is full, though that of BorgOS is not',
  async () => {
    const root = disk?.path ?? '';
    const home = await mkdtemp(path.join(tmpdir(), 'borgos-home-'));
    const engine = await startSecondEngine(path.join(root, 'docker'));
    try {
      const runtime = await createDockerRuntime({
        instance: 'fullroot',
        socketPath: engine.socketPath,
        logs: createAppLogs(),
        log: pino({ level: 'silent' }),
      });
      const guard = createDiskGuard([home, ...runtime.buildFolders]);
      await guard.assertRoom(async () => {});
      const ballast = path.join(root, 'of-somebody-else');
      const { bavail, bsize } = await statfs(root);
      await writeFile(ballast, Buffer.alloc(bavail * bsize - 2 * 1024 ** 2));
      await expect(guard.assertRoom(async () => {})).rejects.toMatchObject({
        code: 'DISK_FULL',
        message: expect.stringContaining(`The disk of ${root}/docker has `),
      });
      await guard.assertRoom(() => rm(ballast));
      await runtime.close();
    } finally {
      await engine.stop();
      await disk?.remove();
      await rm(home, { recursive: true });
    }
  },
  30_000,
);
