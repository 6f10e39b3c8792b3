import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { withinBuildLimits } from './build-limits.ts';
import { openControlGroups } from './control-groups.ts';
import { linuxProcesses } from './linux-processes.ts';
import { buildMarker } from './process-environment.ts';
import { runCommand } from './run-command.ts';

const instance = `build-limits-${process.pid}`;
const opened = await openControlGroups(instance);
/** So small that 512 MiB are all that a build gets. */
const machine = { cpus: 2, memory: 1 };

describe.runIf(opened.groups !== null)('a build in the process runtime', () => {
  const { groups } = opened;
  afterAll(() => groups?.close());

  const build = (script: string) =>
    withinBuildLimits(
      groups,
      (onStart) =>
        runCommand(
          {
            argv: ['node', '-e', script],
            directory: tmpdir(),
            environment: { PATH: process.env.PATH ?? '', [buildMarker]: `${instance}/build` },
            log: () => {},
            signal: AbortSignal.timeout(30_000),
            onStart,
          },
          linuxProcesses(),
        ),
      machine,
    );

  test('that needs more memory than half of the machine is ended, and says so', async () => {
    const eat = 'const kept = []; for (;;) kept.push(Buffer.alloc(16 * 1024 * 1024, 1))';
    // Its parent lives on and tells only that it failed, as npm does.
    const parent = `
      const child = require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(eat)}]);
      process.exit(child.signal === null ? 2 : 1);`;
    await expect(build(parent)).rejects.toMatchObject({
      code: 'BUILD_OOM',
      message: expect.stringMatching(/more than 512 MiB of memory(.|\n)*exit code 1/),
    });
    expect(await groups?.members('build')).toEqual([]);
  }, 30_000);

  test('that fails for another reason, or does not, is none of memory', async () => {
    await expect(build('process.exit(1)')).rejects.toMatchObject({ code: 'BUILD_FAILED' });
    await build('0');
  });
});
