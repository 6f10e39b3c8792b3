import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../agents/adapter.ts';
import { isPortFree } from '../../deployments/ports.ts';
import { openProcessTable } from '../../runtimes/process/process-table.ts';
import { freePort } from '../../testing/free-port.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { apiKeyOf } from './access.ts';
import type { AgentZero } from './connect-agent-zero.ts';
import { rotateLog } from './rotate-log.ts';
import { connectForTests } from './testing/connect-for-tests.ts';
import { type FakeInstallation, installFake } from './testing/fake-installation.ts';

let home: string;
let fake: FakeInstallation;
let port: number;
const opened: AgentZero[] = [];
const instance = `p${process.pid}`.padEnd(6, '0').slice(0, 6);

function connect(fields: Partial<Parameters<typeof connectForTests>[0]> = {}): AgentZero {
  const { directory } = fake;
  const zero = connectForTests({ home, directory, port, instance, ...fields });
  opened.push(zero);
  return zero;
}

/** As when BorgOS ends. */
async function leave(zero: AgentZero): Promise<void> {
  await zero.adapter.close();
  opened.splice(opened.indexOf(zero), 1);
}

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'borgos-home-'));
  fake = await installFake();
  port = await freePort();
});
afterEach(async () => {
  for (const zero of opened) await zero.stop().catch(() => {});
  for (const zero of opened.splice(0)) await zero.adapter.close();
  await fake.remove();
  await rm(home, { recursive: true, force: true });
});

async function marked(): Promise<number[]> {
  const found = await openProcessTable().marked('BORGOS_AGENT_ZERO');
  return found.filter(({ value }) => value === instance).map(({ pid }) => pid);
}

function run(zero: AgentZero, behaviour: string, signal: AbortSignal): AsyncIterable<AgentEvent> {
  return zero.adapter.start(
    {
      taskId: 1,
      attempt: 1,
      externalRef: 'borgos-1-1',
      taskType: 'test',
      prompt: `behave: ${behaviour}`,
      inputData: {},
      model: null,
      session: null,
    },
    {
      cwd: home,
      env: {},
      mcpServers: [],
      permissionPolicy: 'allow_all',
      budget: { tokens: null, costUsd: null },
      signal,
    },
  );
}

async function lastOf(events: AsyncIterable<AgentEvent>): Promise<AgentEvent | undefined> {
  let last: AgentEvent | undefined;
  for await (const event of events) last = event;
  return last;
}

describe('after a restart of BorgOS', () => {
  test('the one that runs is found again, and stopped by who has found it', async () => {
    const first = connect();
    await first.start();
    const { process_id } = await first.status();
    await leave(first);
    const second = connect();
    await second.recover();
    expect(await second.status()).toMatchObject({ running: true, process_id });
    await second.stop();
    expect(await marked()).toEqual([]);
    expect(await isPortFree(port)).toBe(true);
  });

  test('one that was killed while nobody looked is never said to run, and started again', async () => {
    const first = connect();
    await first.start();
    const { process_id } = await first.status();
    await leave(first);
    process.kill(process_id ?? 0, 'SIGKILL');
    await waitFor('its end', async () => (await marked()).length === 0);
    const second = connect();
    await second.recover();
    const next = await waitFor('the next one', async () => {
      const status = await second.status();
      expect(status.process_id).not.toBe(process_id);
      return status.running && status;
    });
    expect(next.process_id).toBeGreaterThan(0);
  });

  test('one that is found again and killed does not run at once', async () => {
    const first = connect();
    await first.start();
    await leave(first);
    const second = connect();
    await second.recover();
    const { process_id } = await second.status();
    const table = openProcessTable();
    const identity = await table.identify(process_id ?? 0);
    process.kill(process_id ?? 0, 'SIGKILL');
    await waitFor('its end', async () => identity && !(await table.isAlive(identity)));
    expect(await second.status()).toMatchObject({ running: false, process_id: null });
  });

  test('one of another port is ended, and started where it belongs', async () => {
    const first = connect();
    await first.start();
    const former = await first.status();
    await leave(first);
    const other = await freePort();
    const second = connect({ port: other });
    await second.recover();
    await waitFor('the next one', async () => (await second.status()).running);
    expect(await marked()).not.toContain(former.process_id);
    expect(await isPortFree(port)).toBe(true);
  });

  test('one that is not configured any more is ended', async () => {
    const first = connect();
    await first.start();
    await leave(first);
    const second = connect({ directory: undefined });
    await second.recover();
    expect(await marked()).toEqual([]);
    expect(await isPortFree(port)).toBe(true);
  });

  test('one that was stopped stays so', async () => {
    const first = connect();
    await first.start();
    await first.stop();
    await leave(first);
    const second = connect();
    await second.recover();
    expect(await second.status()).toMatchObject({ running: false });
    expect(await marked()).toEqual([]);
  });
});

test('one that was stopped after it had crashed stays so after a restart of BorgOS', async () => {
  const first = connect();
  await first.start();
  process.kill((await first.status()).process_id ?? 0, 'SIGKILL');
  await waitFor('its end', async () => !(await first.status()).running);
  await first.stop();
  await leave(first);
  const second = connect();
  await second.recover();
  expect(await second.status()).toMatchObject({ running: false });
  expect(await marked()).toEqual([]);
});

test('a start that takes long can be stopped', async () => {
  await fake.behave({ startMs: 60_000 });
  const zero = connect();
  const starting = zero.start();
  const refused = expect(starting).rejects.toMatchObject({ code: 'CONFLICT' });
  await waitFor('the process', async () => (await marked()).length > 0);
  expect(await zero.status()).toMatchObject({ running: false, process_id: null, ui_url: null });
  await zero.stop();
  await refused;
  expect(await marked()).toEqual([]);
});

test('one whose threads are all taken works on when it can, and its task is cancelled then', async () => {
  const zero = connect();
  await zero.start();
  const controller = new AbortController();
  const running = lastOf(run(zero, 'hang', controller.signal));
  await waitFor('the task', async () => (await zero.adapter.listRunning()).length === 1);
  const key = apiKeyOf('ab'.repeat(16), '', '');
  const callers = new AbortController();
  const calls = Array.from({ length: 10 }, (_, n) =>
    fetch(`http://127.0.0.1:${port}/api/api_message`, {
      method: 'POST',
      headers: { 'X-API-KEY': key },
      body: JSON.stringify({ message: 'behave: wait', context_id: `other-${n}` }),
      signal: callers.signal,
    }).catch(() => {}),
  );
  await waitFor('the threads to be taken', async () => {
    const { available } = await zero.adapter.probe();
    return !available;
  });
  expect(await zero.status()).toMatchObject({ running: true });
  controller.abort(new Error('cancelled'));
  await running;
  callers.abort();
  await Promise.all(calls);
  await writeFile(path.join(fake.directory, 'go-on'), '');
  await waitFor('the task to end', async () => {
    const { available } = await zero.adapter.probe();
    return available && (await zero.adapter.listRunning()).length === 0;
  });
});

describe('one that runs elsewhere', () => {
  let elsewhere: AgentZero;
  beforeEach(async () => {
    await writeFile(
      path.join(fake.directory, 'usr', '.env'),
      'AUTH_LOGIN=me@home\nAUTH_PASSWORD=p:ss/word\n',
    );
    elsewhere = connect();
    await elsewhere.start();
  });

  const url = (login = '') => `http://${login}127.0.0.1:${port}`;
  const at = (address: string) =>
    connect({ directory: undefined, url: address, instance: 'other1' });

  test('is used with the login of its address, and neither started nor stopped', async () => {
    const zero = at(url('me%40home:p%3Ass%2Fword@'));
    expect(await zero.status()).toEqual({
      running: true,
      port,
      process_id: null,
      directory: null,
      ui_url: url(),
    });
    for (const refused of [zero.start(), zero.stop()]) {
      await expect(refused).rejects.toMatchObject({ code: 'CONFLICT' });
    }
    expect(await lastOf(run(zero, 'succeed', AbortSignal.timeout(20_000)))).toMatchObject({
      type: 'done',
      output: { text: 'finished' },
    });
  });

  test('ends a task that is cancelled, without a key', async () => {
    const zero = at(url('me%40home:p%3Ass%2Fword@'));
    const controller = new AbortController();
    const running = lastOf(run(zero, 'hang', controller.signal));
    await waitFor('the task', async () => (await zero.adapter.listRunning()).length === 1);
    controller.abort(new Error('cancelled'));
    await running;
    expect(await zero.adapter.listRunning()).toEqual([]);
  });

  test('says that a login is missing', async () => {
    const running = lastOf(run(at(url()), 'succeed', AbortSignal.timeout(20_000)));
    await expect(running).rejects.toMatchObject({
      code: 'AGENT_UNAVAILABLE',
      message: expect.stringContaining('BORGOS_AGENT_ZERO_URL'),
    });
  });

  test('fails a task when it is started anew, as its chats are gone', async () => {
    const zero = at(url('me%40home:p%3Ass%2Fword@'));
    const running = lastOf(run(zero, 'hang', AbortSignal.timeout(20_000)));
    const failed = expect(running).rejects.toMatchObject({ code: 'AGENT_CRASHED' });
    await waitFor('the task', async () => (await zero.adapter.listRunning()).length === 1);
    await elsewhere.stop();
    await elsewhere.start();
    await failed;
  });

  test('does not run when nothing is there', async () => {
    await elsewhere.stop();
    expect(await at(url()).status()).toMatchObject({ running: false, port, ui_url: null });
  });
});

test('keeps the end of a log that has become too large', async () => {
  const file = path.join(home, 'output.log');
  await writeFile(file, `${'x'.repeat(11 * 1_048_576)}the end`);
  await rotateLog(file);
  expect((await stat(file)).size).toBe(0);
  const kept = await readFile(`${file}.1`, 'utf8');
  expect(kept).toHaveLength(10 * 1_048_576);
  expect(kept.endsWith('the end')).toBe(true);
});
