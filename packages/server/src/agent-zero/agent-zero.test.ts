import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { events } from '@borgos/contracts/events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type FakeInstallation,
  installFake,
} from '../agent-adapters/agent-zero/testing/fake-installation.ts';
import { isPortFree } from '../deployments/ports.ts';
import { freePort } from '../testing/free-port.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { openWebSocket } from '../testing/websocket-client.ts';

const nowhere = {
  directory: undefined,
  image: undefined,
  port: 8085,
  url: undefined,
  python: undefined,
};

describe('an Agent Zero that is not configured', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await startTestApp();
  });
  afterAll(() => testApp.close());

  test('does not run, and is nowhere', async () => {
    const { status, body } = await testApp.request('GET', '/api/v1/agent-zero/status');
    expect(status).toBe(200);
    expect(body).toEqual({
      running: false,
      port: 8085,
      process_id: null,
      directory: null,
      ui_url: null,
    });
  });

  test.each(['start', 'stop', 'restart'])('says what is missing: %s', async (verb) => {
    const { status, body } = await testApp.request('POST', `/api/v1/agent-zero/${verb}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'AGENT_ZERO_NOT_CONFIGURED' });
    expect(body.message).toContain('BORGOS_AGENT_ZERO_DIR');
  });

  test('tells what it could do', async () => {
    const { body } = await testApp.request('GET', '/api/v1/agent-zero/capabilities');
    expect(body).toEqual([
      'code_execution',
      'web_browsing',
      'file_operations',
      'shell_commands',
      'memory_management',
      'task_scheduling',
      'multi_agent_coordination',
      'knowledge_retrieval',
      'image_analysis',
      'api_integration',
    ]);
  });

  test('takes tasks that wait, as the reference says', async () => {
    const { status, body } = await testApp.request('POST', '/api/v1/agent-zero/execute', {
      type: 'code_execution',
      description: 'Create a Python script to analyze logs',
      prompt: 'Write a script that parses error logs and generates a summary report',
      context: { log_path: '/logs/app.log' },
    });
    expect(status).toBe(202);
    expect(body).toEqual({ message: 'Task submitted', task_id: expect.any(Number) });
    const waiting = await waitFor('what the task waits for', async () => {
      const task = await testApp.client.agentTasks.get({ id: body.task_id });
      return task.status_reason !== null && task;
    });
    expect(waiting).toMatchObject({
      status: 'pending',
      agent_type: 'agent-zero',
      task_type: 'code_execution',
      input_data: { log_path: '/logs/app.log' },
    });
    expect(waiting.status_reason).toContain('BORGOS_AGENT_ZERO_DIR');
    await testApp.client.agentTasks.cancel({ id: body.task_id });
  });

  test('takes no task for a project that there is not', async () => {
    const task = { description: 'nothing', context: { project_id: 4711 } };
    const { status } = await testApp.request('POST', '/api/v1/agent-zero/execute', task);
    expect(status).toBe(404);
    const odd = { description: 'nothing', context: { project_id: 'mine' } };
    const { body } = await testApp.request('POST', '/api/v1/agent-zero/execute', odd);
    expect(body.details).toMatchObject([{ path: 'body.context.project_id' }]);
  });
});

describe('an Agent Zero that BorgOS starts', () => {
  let testApp: TestApp;
  let fake: FakeInstallation;
  let port: number;
  beforeAll(async () => {
    fake = await installFake({
      A0_PERSISTENT_RUNTIME_ID: 'ab'.repeat(16),
      AUTH_LOGIN: 'borgos',
      AUTH_PASSWORD: 's3cret',
    });
    port = await freePort();
    const { directory, python } = fake;
    const agentZero = { ...nowhere, directory, python, port };
    testApp = await startTestApp({ settings: { agentZero } });
  });
  afterAll(async () => {
    await testApp.request('POST', '/api/v1/agent-zero/stop');
    await testApp.close();
    await fake.remove();
  });

  const status = () => testApp.client.agentZero.status();

  async function isAlive(pid: number | null): Promise<boolean> {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ' Z ');
    return !/\) [ZX] | Z /.test(text);
  }

  async function ended(id: number) {
    return waitFor(`task ${id} to end`, async () => {
      const task = await testApp.client.agentTasks.get({ id });
      return !['pending', 'running'].includes(task.status) && task;
    });
  }

  async function execute(prompt: string, context: object = {}): Promise<number> {
    const task = { type: 'test', description: 'A test', prompt, context };
    const { body } = await testApp.request('POST', '/api/v1/agent-zero/execute', task);
    return body.task_id;
  }

  function untilSays(id: number, text: string) {
    return waitFor(`task ${id} to say ${text}`, async () => {
      const { data } = await testApp.client.agentTasks.events({ id, type: ['message'] });
      return data.some((event) => event.data.text === text);
    });
  }

  test('is started and stopped as the reference says', async () => {
    const ui_url = `http://localhost:${port}`;
    const start = await testApp.request('POST', '/api/v1/agent-zero/start');
    expect(start.body).toEqual({ success: true, status: { running: true, port, ui_url } });
    const now = await status();
    expect(now).toEqual({
      running: true,
      port,
      process_id: expect.any(Number),
      directory: fake.directory,
      ui_url,
    });
    expect(await isPortFree(port)).toBe(false);
    // Again, it is the same one.
    await testApp.client.agentZero.start();
    expect((await status()).process_id).toBe(now.process_id);

    const stop = await testApp.request('POST', '/api/v1/agent-zero/stop');
    expect(stop.body).toEqual({ success: true });
    expect(await status()).toMatchObject({ running: false, process_id: null, ui_url: null });
    expect(await isAlive(now.process_id)).toBe(false);
    expect(await isPortFree(port)).toBe(true);
    expect((await testApp.request('POST', '/api/v1/agent-zero/stop')).status).toBe(200);
  });

  test('is another one after a restart', async () => {
    await testApp.client.agentZero.start();
    const { process_id } = await status();
    const { body } = await testApp.request('POST', '/api/v1/agent-zero/restart');
    expect(body).toMatchObject({ success: true, status: { running: true } });
    expect((await status()).process_id).not.toBe(process_id);
  });

  test('works on a task, and its result and files are kept', async () => {
    await testApp.client.agentZero.start();
    const id = await execute('behave: succeed', { files: ['report.txt', '../secret'] });
    const folder = path.join(testApp.home, 'agents', 'work', String(id));
    await untilSays(id, 'working').catch(() => {});
    const task = await ended(id);
    expect(task).toMatchObject({ status: 'completed', output_data: { text: 'finished' } });
    expect(task.output_data?.files).toEqual([
      { name: 'report.txt', bytes: null, text: null },
      { name: '../secret', bytes: null, text: null },
    ]);
    const written = await execute('behave: slow', { files: ['report.txt'] });
    const itsFolder = path.join(path.dirname(folder), String(written));
    await untilSays(written, 'one');
    await writeFile(path.join(itsFolder, 'report.txt'), 'All is well.\n');
    for (const step of ['one', 'two', 'three']) {
      await writeFile(path.join(itsFolder, `go-${step}`), '');
    }
    expect((await ended(written)).output_data?.files).toEqual([
      { name: 'report.txt', bytes: 13, text: 'All is well.\n' },
    ]);
  });

  test('tells once what grows, also when its log begins anew', async () => {
    await testApp.client.agentZero.start();
    const id = await execute('behave: grow');
    await ended(id);
    const { data } = await testApp.client.agentTasks.events({ id, type: ['message'] });
    const said = data.map((event) => event.data.text).join('');
    expect(said).toBe('one two three fourfinished');
  });

  test('is cancelled with its task', async () => {
    await testApp.client.agentZero.start();
    const id = await execute('behave: hang');
    await untilSays(id, 'working');
    await testApp.client.agentTasks.cancel({ id });
    expect((await ended(id)).status).toBe('cancelled');
    expect(await testApp.client.agentOrphans.list()).toEqual([]);
  });

  test('does not run any more at once when it is killed, nor does its task', async () => {
    await testApp.client.agentZero.start();
    const id = await execute('behave: hang');
    await untilSays(id, 'working');
    const { process_id } = await status();
    process.kill(process_id ?? 0, 'SIGKILL');
    await waitFor('the process to end', async () => !(await isAlive(process_id)));
    expect(await status()).toMatchObject({ running: false, process_id: null, ui_url: null });
    expect(await ended(id)).toMatchObject({ status: 'failed', error_code: 'AGENT_CRASHED' });
  });

  test('is started again when it crashes, and all that happens to it is told', async () => {
    const socket = await openWebSocket(testApp.url);
    await testApp.client.agentZero.stop();
    await socket.ask({ type: 'subscribe', channels: ['agents'] });
    await testApp.client.agentZero.start();
    const { process_id } = await status();
    process.kill(process_id ?? 0, 'SIGKILL');
    const next = await waitFor('the next one', async () => {
      const now = await status();
      return now.running && now.process_id !== process_id && now;
    });
    await testApp.client.agentZero.stop();
    const told = await waitFor('what is told', async () => {
      const all = socket.messages.filter(({ type }) => type === 'agent_status');
      // What was told just before may still come.
      const first = all.findIndex(({ data }) => data.process_id === process_id);
      const events = all.slice(first).map(({ data }) => data);
      return first >= 0 && events.length >= 4 && events;
    });
    const agent_type = 'agent-zero';
    expect(told).toMatchObject([
      { agent_type, status: 'started', port, process_id, reason: null },
      { agent_type, status: 'failed', reason: expect.stringContaining('ended by itself') },
      { agent_type, status: 'started', process_id: next.process_id },
      { agent_type, status: 'stopped', process_id: null },
    ]);
    for (const data of told) events.agent_status.parse(data);
  });

  test('takes what it has left running with it', async () => {
    await testApp.client.agentZero.start();
    const id = await execute('behave: stubborn');
    await untilSays(id, 'working');
    await testApp.client.agentZero.stop();
    expect(await ended(id)).toMatchObject({ status: 'failed' });
    const { openProcessTable } = await import('../runtimes/process/process-table.ts');
    const instance = (await readFile(path.join(testApp.home, 'instance'), 'utf8')).trim();
    const marked = await openProcessTable().marked('BORGOS_AGENT_ZERO');
    expect(marked.filter(({ value }) => value === instance)).toEqual([]);
  });

  test('names the program that has its port', async () => {
    await testApp.client.agentZero.stop();
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { status: code, body } = await testApp.request('POST', '/api/v1/agent-zero/start');
      expect(code).toBe(400);
      expect(body).toMatchObject({ code: 'PORT_IN_USE' });
      expect(body.message).toContain(`process ${process.pid}`);
      expect(body.message).toContain('BORGOS_AGENT_ZERO_PORT');
      expect(await status()).toMatchObject({ running: false });
    } finally {
      server.close();
      await once(server, 'close');
    }
  });

  test('says what it printed when it ends at its start', async () => {
    await fake.behave({ dies: true });
    const { status: code, body } = await testApp.request('POST', '/api/v1/agent-zero/start');
    await fake.behave({});
    expect(code).toBe(409);
    expect(body).toMatchObject({ code: 'AGENT_ZERO_FAILED' });
    expect(body.message).toContain("No module named 'flask'");
    expect(await status()).toMatchObject({ running: false });
    const log = path.join(testApp.home, 'agent-zero', 'output.log');
    expect((await stat(log)).size).toBeGreaterThan(0);
  });

  test('leaves no process and no listener, however often it is started', async () => {
    const pids: (number | null)[] = [];
    for (let cycle = 0; cycle < 10; cycle += 1) {
      await testApp.client.agentZero.start();
      pids.push((await status()).process_id);
      await testApp.client.agentZero.stop();
      expect(await isPortFree(port)).toBe(true);
    }
    expect(new Set(pids).size).toBe(10);
    for (const pid of pids) expect(await isAlive(pid)).toBe(false);
  });
});
