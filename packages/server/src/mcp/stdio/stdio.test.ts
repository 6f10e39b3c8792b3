import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../testing/free-port.ts';
import { makeProjectFolder, nodeApp } from '../../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../../testing/test-app.ts';
import { waitFor } from '../../testing/wait-for.ts';

const startScript = path.join(import.meta.dirname, '../../../start.js');

let borgos: TestApp;
beforeAll(async () => {
  borgos = await startTestApp();
});
afterAll(() => borgos.close());

const eras = { '2025-11-25': {}, '2026-07-28': { versionNegotiation: { mode: 'auto' as const } } };
type Options = ConstructorParameters<typeof Client>[1];

/** A client of `borgos mcp`, as an agent starts it. */
async function connect(
  options: Options = eras['2026-07-28'],
  { args = [], env = {} }: { args?: string[]; env?: Record<string, string> } = {},
) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [startScript, 'mcp', ...args],
    env: { PATH: process.env.PATH ?? '', BORGOS_URL: borgos.url, ...env },
    stderr: 'pipe',
  });
  let errors = '';
  transport.stderr?.on('data', (data: Buffer) => {
    errors += data;
  });
  const client = new Client({ name: 'a test', version: '1' }, options);
  await client.connect(transport);
  onTestFinished(() => client.close());
  return { client, errors: () => errors };
}

const call = (client: Client, name: string, input: Record<string, unknown> = {}) =>
  client.callTool({ name, arguments: input });

const textOf = ({ content }: Awaited<ReturnType<typeof call>>) =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('');

async function runToEnd(args: string[], input = '', env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [startScript, 'mcp', ...args], {
    env: { PATH: process.env.PATH, BORGOS_URL: borgos.url, ...env },
  });
  child.stdin.end(input);
  const [output, errors] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code: child.exitCode, output, errors };
}

describe.each(Object.entries(eras))('over stdio, a client of %s', (version, options) => {
  test('gets the same tools, answers, resources and errors as over HTTP', async () => {
    await using folder = await makeProjectFolder({ 'a.py': '', 'b.py': '' });
    const { id } = await borgos.client.projects.create({ name: version, path: folder.path });
    const { client } = await connect(options);
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    const { body } = await borgos.request('GET', '/api/v1/mcp/tools');
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(
      body.tools.map(({ name }: { name: string }) => name),
    );
    const project = await call(client, 'get_project', { id });
    expect(project.structuredContent).toMatchObject({ id, name: version, path: folder.path });
    const page = await call(client, 'list_files', { id, limit: 1, fields: ['path'] });
    expect(page.structuredContent).toEqual({
      items: [{ path: 'a.py' }],
      total: 2,
      next_cursor: 'o1',
    });
    expect(textOf(await call(client, 'get_project', { id: 4711 }))).toMatch(
      /^NOT_FOUND: Project with id 4711 not found\. List what there is/,
    );
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain(`borgos://projects/${id}`);
    const { contents } = await client.readResource({
      uri: `borgos://projects/${id}/files?limit=1`,
    });
    expect(JSON.stringify(contents)).toContain('a.py');
    const { prompts } = await client.listPrompts();
    expect(prompts).toHaveLength(3);
  });

  test('asks its person before it stops an app', async () => {
    await using folder = await makeProjectFolder(nodeApp('hello'));
    const project = await borgos.client.projects.create({ name: 'app', path: folder.path });
    const asked: string[] = [];
    const { client } = await connect({ ...options, capabilities: { elicitation: { form: {} } } });
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      asked.push(params.message);
      return { action: 'accept', content: { agree: asked.length > 1 } };
    });
    const deployed = await call(client, 'deploy_project', { project_id: project.id });
    const id = Number(Object(deployed.structuredContent).id);
    onTestFinished(async () => void (await borgos.client.deployments.delete({ id })));
    await borgos.until(id, 'running');
    expect(textOf(await call(client, 'stop_deployment', { id }))).toContain('did not agree');
    expect((await borgos.client.deployments.get({ id })).status).toBe('running');
    await call(client, 'stop_deployment', { id });
    await borgos.until(id, 'stopped');
    expect(asked).toHaveLength(2);
  });
});

test('--read-only and --toolsets offer less', async () => {
  const { client } = await connect(eras['2026-07-28'], {
    args: ['--read-only', '--toolsets', 'deployments'],
  });
  const { tools } = await client.listTools();
  expect(tools.length).toBeGreaterThan(2);
  expect(tools.every(({ annotations }) => annotations?.readOnlyHint)).toBe(true);
  expect(tools.map(({ name }) => name)).not.toContain('list_projects');
  await expect(call(client, 'stop_deployment', { id: 1 })).rejects.toThrow('There is no tool');
});

test('the token of the environment says what may be done, and --url where', async () => {
  const { token } = await borgos.client.tokens.create({
    name: 'of an agent',
    scopes: ['projects:read'],
  });
  const { client } = await connect(eras['2026-07-28'], {
    args: ['--url', borgos.url],
    env: { BORGOS_URL: 'http://localhost:1', BORGOS_TOKEN: token },
  });
  expect((await call(client, 'list_projects')).isError).toBeFalsy();
  expect(textOf(await call(client, 'list_deployments'))).toContain('SCOPE_MISSING');
  const wrong = await connect(eras['2026-07-28'], { env: { BORGOS_TOKEN: 'borg_wrong' } });
  const refused = await call(wrong.client, 'list_projects');
  expect(textOf(refused)).toContain('The token comes from BORGOS_TOKEN');
  await waitFor('the person to be told', async () => wrong.errors().includes('BORGOS_TOKEN'));
  expect(wrong.errors() + textOf(refused)).not.toContain('borg_wrong');
});

test('without BorgOS, each call says so, and works once it is there', async () => {
  const port = await freePort();
  const { client, errors } = await connect(eras['2025-11-25'], {
    args: ['--url', `http://127.0.0.1:${port}`],
  });
  const why = `BorgOS cannot be reached at http://127.0.0.1:${port}. Start it there (npm start)`;
  expect((await client.listTools()).tools.length).toBeGreaterThan(10);
  for (const name of ['list_projects', 'get_status']) {
    const answer = await call(client, name);
    expect(answer.isError).toBe(true);
    expect(textOf(answer)).toContain(`UNAVAILABLE: ${why}`);
  }
  await expect(client.readResource({ uri: 'borgos://projects/1' })).rejects.toThrow(why);
  await waitFor('the person to be told', async () => errors().includes(why));
  const later = await startTestApp({ settings: { port } });
  onTestFinished(() => later.close());
  expect((await call(client, 'list_projects')).structuredContent).toEqual({ items: [], total: 0 });
});

test('nothing but the protocol is on standard output, and the end of input is the end', async () => {
  const nonsense = await runToEnd([], 'not json\n{"a":1}\n');
  expect(nonsense).toMatchObject({ code: 0, output: '' });
  const silent = await runToEnd([]);
  expect(silent).toEqual({ code: 0, output: '', errors: '' });
});

test.each([
  [['--token', 'borg_secret'], 'set BORGOS_TOKEN'],
  [['--url', 'localhost:8081'], 'must begin with http'],
  [['--url', 'http://me:borg_secret@localhost'], 'holds no credential'],
  [['--url', 'http://localhost/api'], 'a host and a port alone'],
  [['--toolsets', 'everything'], 'none of projects, search'],
  [['--verbose', 'borg_secret'], 'An option is not understood'],
])('%s is refused, and nothing of it shown', async (args, message) => {
  const { code, output, errors } = await runToEnd(args);
  expect({ code, output }).toEqual({ code: 64, output: '' });
  expect(errors).toContain(message);
  expect(errors).not.toContain('borg_secret');
});

test('--help is for people', async () => {
  const { code, output, errors } = await runToEnd(['--help']);
  expect({ code, output }).toEqual({ code: 0, output: '' });
  expect(errors).toContain('--toolsets <list>');
});
