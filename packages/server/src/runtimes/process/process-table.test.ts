import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { linuxProcesses } from './linux-processes.ts';
import { psProcesses } from './ps-processes.ts';

describe.each([
  ['/proc', linuxProcesses],
  ['ps', psProcesses],
])('the process table of %s', (source, open) => {
  const table = open();
  let child: ReturnType<typeof spawn>;
  let pid = 0;
  beforeEach(async () => {
    const script = `require('node:child_process').spawn('sleep', ['60']).once('spawn', () => console.log('ready'))`;
    child = spawn(process.execPath, ['-e', script], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: '/usr/bin:/bin', BORGOS_TEST_MARK: `a/${process.pid}`, OTHER: 'x' },
    });
    pid = child.pid ?? 0;
    if (child.stdout) await once(child.stdout, 'data');
  });
  afterEach(() => {
    process.kill(-pid, 'SIGKILL');
  });

  test('knows a process by its id and start', async () => {
    const identity = await table.identify(pid);
    if (identity === null) throw new Error('it is not found');
    expect(await table.isAlive(identity)).toBe(true);
    expect(await table.isAlive({ ...identity, startedAt: 'another time' })).toBe(false);
    expect(await table.identify(4_194_999)).toBeNull();
  });

  test('lists the group', async () => {
    const group = await table.group(pid);
    expect(group).toContain(pid);
    expect(group).toHaveLength(2);
  });

  test('does not take one for alive that has exited', async () => {
    const identity = await table.identify(pid);
    if (identity === null) throw new Error('it is not found');
    child.kill('SIGKILL');
    await vi.waitFor(async () => expect(await table.isAlive(identity)).toBe(false), 5_000);
    expect(await table.group(pid)).not.toContain(pid);
  });

  // Only the ps of macOS prints the environment the way it is asked to.
  if (source === '/proc') {
    test('finds processes by their mark, oldest first', async () => {
      const marked = await table.marked('BORGOS_TEST_MARK');
      const mine = marked.filter(({ value }) => value === `a/${process.pid}`);
      expect(mine).toHaveLength(2);
      expect(mine[0]?.pid).toBe(pid);
    });
  }
});
