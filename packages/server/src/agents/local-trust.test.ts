import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installFake } from '../agent-adapters/agent-zero/testing/fake-installation.ts';
import { dockerForTests } from '../testing/docker-for-tests.ts';
import { freePort } from '../testing/free-port.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

/** Calls the API with what it is given, and writes what is answered to a file. */
const caller = `
  const { method, url, token, file, parent } = JSON.parse(process.argv.at(-1));
  const fs = require('node:fs');
  async function call() {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: 'Bearer ' + token }) };
    const body = method === 'POST' ? '{"decision":"allow"}' : undefined;
    const response = await fetch(url, { method, headers, body });
    fs.writeFileSync(file + '.new', JSON.stringify({ status: response.status, body: await response.json() }));
    fs.renameSync(file + '.new', file);
    process.exit();
  }
  if (!parent) call();
  // Only once it is nobody's child any more.
  else {
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      call();
    }, 5);
  }
`;

/** Its prompt is JSON: how it is to call, and what. */
const agent = `
  const { spawn } = require('node:child_process');
  const text = require('node:fs').readFileSync(0, 'utf8');
  const order = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
  const caller = ${JSON.stringify(caller)};
  if (order.how === 'away') {
    // Two forks, each in a session of its own; the second one knows nothing of the first.
    const away = 'process.chdir("/"); const { spawn } = require("node:child_process");' +
      'const [caller, order] = process.argv.slice(1);' +
      'const given = JSON.stringify({ ...JSON.parse(order), parent: process.pid });' +
      'spawn(process.execPath, ["-e", caller, given], { detached: true, env: {}, stdio: "ignore" }).unref();';
    spawn(process.execPath, ['-e', away, caller, JSON.stringify(order)],
      { detached: true, env: {}, cwd: '/', stdio: 'ignore' }).unref();
  } else {
    spawn(process.execPath, ['-e', caller, JSON.stringify(order)], { stdio: 'inherit' });
  }
`;

const agents = {
  agents: {
    caller: { kind: 'command', command: [process.execPath, '-e', agent], format: 'text' },
  },
};

const docker = await dockerForTests();
let testApp: TestApp;
let calls = 0;

async function callByAgent(order: object): Promise<{ status?: number; body: { message: string } }> {
  calls += 1;
  const file = path.join(testApp.home, `answer-${calls}.json`);
  const given = { method: 'GET', url: `${testApp.url}/api/v1/projects`, file, ...order };
  await testApp.client.agentTasks.create({
    agent_type: 'caller',
    description: JSON.stringify(given),
  });
  await waitFor('the answer', async () => existsSync(file));
  return JSON.parse(await readFile(file, 'utf8'));
}

const statusOfOwnCall = async () => (await fetch(`${testApp.url}/api/v1/projects`)).status;

describe('an agent', { timeout: 20_000 }, () => {
  beforeAll(async () => {
    testApp = await startTestApp({ agents });
  });
  afterAll(() => testApp.close());

  test('is not taken for the user, and is told what to do', async () => {
    const { status, body } = await callByAgent({ how: 'node' });
    expect(status).toBe(401);
    expect(body).toMatchObject({ error: 'Unauthorized', code: 'UNAUTHORIZED' });
    expect(body.message).toContain('POST /api/v1/tokens');
    expect(await statusOfOwnCall()).toBe(200);
  });

  test.runIf(process.platform === 'linux')(
    'is not either when it has left its parent, session, environment and folder',
    async () => {
      const { status } = await callByAgent({ how: 'away' });
      expect(status).toBe(401);
      expect(await statusOfOwnCall()).toBe(200);
    },
  );

  test('cannot answer its own questions', async () => {
    const url = `${testApp.url}/api/v1/agent/approvals/1`;
    expect(await callByAgent({ how: 'node', method: 'POST', url })).toMatchObject({ status: 401 });
  });

  test('has the rights of a token that it was given', async () => {
    const { token } = await testApp.client.tokens.create({
      name: 'agent',
      scopes: ['projects:read'],
    });
    expect(await callByAgent({ how: 'node', token })).toMatchObject({ status: 200, body: [] });
    expect(await callByAgent({ how: 'away', token })).toMatchObject({ status: 200, body: [] });
    const url = `${testApp.url}/api/v1/agent/tasks`;
    expect(await callByAgent({ how: 'node', token, url })).toMatchObject({ status: 403 });
  });
});

test.runIf(docker.available)(
  'an agent is a process beside what is deployed in Docker, and not taken for the user either',
  { timeout: 20_000 },
  async () => {
    testApp = await startTestApp({ agents, settings: { runtime: 'docker' } });
    try {
      expect(await statusOfOwnCall()).toBe(200);
      expect(await callByAgent({ how: 'away' })).toMatchObject({ status: 401 });
      expect(await statusOfOwnCall()).toBe(200);
    } finally {
      await testApp.close();
    }
  },
);

test('neither is Agent Zero taken for the user', { timeout: 30_000 }, async () => {
  const fake = await installFake();
  const zero = {
    directory: fake.directory,
    image: undefined,
    port: await freePort(),
    url: undefined,
  };
  testApp = await startTestApp({
    settings: { agentZero: { ...zero, python: process.execPath } },
  });
  try {
    await testApp.client.agentZero.start();
    const { task_id: id } = await testApp.client.agentZero.execute({
      type: 'code_execution',
      description: `behave: fetch ${testApp.url}/api/v1/projects`,
    });
    const task = await waitFor('its end', async () => {
      const task = await testApp.client.agentTasks.get({ id });
      return task.completed_at !== null && task;
    });
    expect(task.output_data).toMatchObject({ text: 'answered 401' });
    expect(await statusOfOwnCall()).toBe(200);
    await testApp.client.agentZero.stop();
  } finally {
    await testApp.close();
    await fake.remove();
  }
});
