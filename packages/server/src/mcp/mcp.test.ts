import type { Scope } from '@borgos/contracts/endpoint';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeProjectFolder, nodeApp } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';

let borgos: TestApp;
beforeAll(async () => {
  borgos = await startTestApp();
});
afterAll(() => borgos.close());

/** What the protocol calls the versions that clients of last year and of this one speak. */
const eras = { '2025-11-25': {}, '2026-07-28': { versionNegotiation: { mode: 'auto' as const } } };

async function connect(
  options: ConstructorParameters<typeof Client>[1] = eras['2026-07-28'],
  { search = '', token = '' } = {},
): Promise<Client> {
  const client = new Client({ name: 'a test', version: '1' }, options);
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${borgos.url}/mcp${search}`), {
      requestInit: { headers },
    }),
  );
  onTestFinished(() => client.close());
  return client;
}

const call = (client: Client, name: string, input: Record<string, unknown> = {}) =>
  client.callTool({ name, arguments: input });
const textOf = ({ content }: Awaited<ReturnType<typeof call>>) =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('');

async function tokenWith(...scopes: Scope[]): Promise<string> {
  const name = `token for ${scopes.join(' ')}`;
  const { token } = await borgos.client.tokens.create({ name, scopes });
  return token;
}

describe.each(Object.entries(eras))('a client of %s', (version, options) => {
  test('comes in, and sees every tool with its schemas and hints', async () => {
    const client = await connect(options);
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    const { tools } = await client.listTools();
    expect(tools.length).toBeGreaterThanOrEqual(20);
    for (const { name, title, description, inputSchema, outputSchema, annotations } of tools) {
      expect(name).toMatch(/^[a-z]+(?:_[a-z]+)+$/);
      expect(title).toBeTruthy();
      expect(description).toBeTruthy();
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(outputSchema).toMatchObject({ type: 'object' });
      expect(Object.values(annotations ?? {})).toHaveLength(4);
    }
  });

  test('gets the same of a tool as of the API, as data and as text', async () => {
    await using folder = await makeProjectFolder();
    const { id } = await borgos.client.projects.create({ name: version, path: folder.path });
    const answer = await call(await connect(options), 'get_project', { id });
    expect(answer.structuredContent).toMatchObject({ id, name: version, path: folder.path });
    expect(JSON.parse(textOf(answer))).toEqual(answer.structuredContent);
  });

  test('is told in a result, not by a failure, what is wrong and what to do', async () => {
    const client = await connect(options);
    const missing = await call(client, 'get_project', { id: 4711 });
    expect(missing.isError).toBe(true);
    expect(textOf(missing)).toBe(
      'NOT_FOUND: Project with id 4711 not found. List what there is (list_projects, list_deployments, list_files) and use an id of it.',
    );
    expect(textOf(await call(client, 'get_project', { ids: 1 }))).toContain('did you mean id?');
    expect(textOf(await call(client, 'get_project', { id: 'one' }))).toContain(
      'id must be an integer',
    );
    await expect(call(client, 'drop_database')).rejects.toThrow('There is no tool drop_database');
  });

  test('reads prompts and resources', async () => {
    await using folder = await makeProjectFolder();
    const { id } = await borgos.client.projects.create({ name: 'resource', path: folder.path });
    const client = await connect(options);
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual([
      'diagnose_deployment',
      'review_project',
      'explain_error_group',
    ]);
    const prompt = await client.getPrompt({
      name: 'review_project',
      arguments: { project_id: String(id) },
    });
    expect(JSON.stringify(prompt.messages)).toContain(`get_scores (id ${id})`);
    await expect(
      client.getPrompt({ name: 'review_project', arguments: { project_id: 'x' } }),
    ).rejects.toThrow('project_id must be an id');
    const { resources } = await client.listResources();
    expect(resources).toContainEqual(
      expect.objectContaining({ uri: `borgos://projects/${id}`, title: 'resource' }),
    );
    const { contents } = await client.readResource({ uri: `borgos://projects/${id}` });
    expect(JSON.stringify(contents)).toContain(folder.path);
    await expect(client.readResource({ uri: 'borgos://../etc/passwd' })).rejects.toThrow(
      'NOT_FOUND',
    );
  });
});

test('the whole list of tools has at most 6,000 tokens', async () => {
  const { tools } = await (await connect()).listTools();
  // Of this JSON a token has 4.26 characters, as the tokenizer of GPT-4o counts.
  expect(JSON.stringify(tools).length / 4).toBeLessThan(6000);
});

test('a list is paged by its cursor, and shows the fields that are asked for', async () => {
  await using folder = await makeProjectFolder({ 'a.py': '', 'b.py': '', 'c.js': '' });
  const { id } = await borgos.client.projects.create({ name: 'files', path: folder.path });
  const client = await connect();
  const first = await call(client, 'list_files', { id, limit: 2, fields: ['path'] });
  expect(first.structuredContent).toEqual({
    items: [{ path: 'a.py' }, { path: 'b.py' }],
    total: 3,
    next_cursor: 'o2',
  });
  const rest = await call(client, 'list_files', { id, cursor: 'o2', fields: ['path'] });
  expect(rest.structuredContent).toEqual({ items: [{ path: 'c.js' }], total: 3 });
  expect(textOf(await call(client, 'list_files', { id, fields: ['owner'] }))).toContain(
    'fields owner is none of path, language, size',
  );
});

test('an answer that is too long is cut, and says where all of it is', async () => {
  const content = Array.from({ length: 900 }, (_, line) => `line ${line} of many\n`).join('');
  await using folder = await makeProjectFolder({ 'long.txt': content });
  const { id } = await borgos.client.projects.create({ name: 'long', path: folder.path });
  const client = await connect();
  const answer = await call(client, 'read_file', { id, path: 'long.txt' });
  expect(textOf(answer).length).toBeLessThan(7500);
  const link = answer.content.find((block) => block.type === 'resource_link');
  expect(link?.uri).toBe(`borgos://projects/${id}/file?path=long.txt&start_line=1`);
  const { contents } = await client.readResource({ uri: link?.uri ?? '' });
  const [whole] = contents;
  const text = whole && 'text' in whole ? whole.text : '';
  expect(JSON.parse(text).content).toBe(content);
});

describe('what ends something', () => {
  async function deployed(): Promise<number> {
    const folder = await makeProjectFolder(nodeApp('hello'));
    onTestFinished(() => folder[Symbol.asyncDispose]());
    const project = await borgos.client.projects.create({ name: 'app', path: folder.path });
    const { body } = await borgos.request('POST', '/api/v1/deploy', { project_id: project.id });
    await borgos.until(body.id, 'running');
    onTestFinished(async () => void (await borgos.client.deployments.delete({ id: body.id })));
    return body.id;
  }

  test('is done only once the person has agreed, who is asked by a client that can', async () => {
    const id = await deployed();
    const asked: string[] = [];
    const options = { ...eras['2026-07-28'], capabilities: { elicitation: { form: {} } } };
    const client = await connect(options);
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      asked.push(params.message);
      return { action: 'accept', content: { agree: asked.length > 1 } };
    });
    const refused = await call(client, 'stop_deployment', { id });
    expect(textOf(refused)).toContain('The person did not agree');
    expect((await borgos.client.deployments.get({ id })).status).toBe('running');
    const done = await call(client, 'stop_deployment', { id });
    expect(done.structuredContent).toMatchObject({ message: `Deployment ${id} stopped` });
    expect(asked).toEqual(Array(2).fill(`Stop a deployment: {"id":${id}}?`));
  });

  test('needs confirm: true from a client that cannot ask', async () => {
    const id = await deployed();
    const client = await connect();
    const refused = await call(client, 'stop_deployment', { id });
    expect(refused.isError).toBe(true);
    expect(textOf(refused)).toContain('call stop_deployment again with confirm: true');
    expect((await borgos.client.deployments.get({ id })).status).toBe('running');
    await call(client, 'stop_deployment', { id, confirm: true });
    await borgos.until(id, 'stopped');
  });
});

describe('who may do what', () => {
  test('a tool needs the scope of its endpoint', async () => {
    const token = await tokenWith('mcp:read', 'projects:read');
    const client = await connect(eras['2026-07-28'], { token });
    expect((await call(client, 'list_projects')).isError).toBeFalsy();
    const refused = await call(client, 'list_deployments');
    expect(textOf(refused)).toContain('SCOPE_MISSING: This needs the scope deployments:read');
  });

  test('a token without the scope mcp:read is refused, and one that is wrong is told where to ask', async () => {
    const token = await tokenWith('projects:read');
    await expect(connect(eras['2026-07-28'], { token })).rejects.toThrow('403');
    const response = await fetch(`${borgos.url}/mcp`, {
      method: 'POST',
      headers: { authorization: 'Bearer borg_wrong', 'content-type': 'application/json' },
      body: '{}',
    });
    expect(response.status).toBe(401);
    const where = /resource_metadata="(.+)"/.exec(response.headers.get('www-authenticate') ?? '');
    const metadata = await fetch(where?.[1] ?? '');
    expect(await metadata.json()).toMatchObject({
      resource: `${borgos.url}/mcp`,
      bearer_methods_supported: ['header'],
    });
  });

  test('?read_only=1 and ?toolsets= leave out the rest, whatever the caller may do', async () => {
    const reading = await connect(eras['2026-07-28'], { search: '?read_only=1' });
    const { tools } = await reading.listTools();
    expect(tools.every(({ annotations }) => annotations?.readOnlyHint)).toBe(true);
    await expect(call(reading, 'scan_project', { id: 1 })).rejects.toThrow('There is no tool');
    const some = await connect(eras['2026-07-28'], { search: '?toolsets=errors' });
    expect((await some.listTools()).tools.map(({ name }) => name)).toEqual([
      'list_errors',
      'list_error_groups',
    ]);
    const wrong = await fetch(`${borgos.url}/mcp?toolsets=everything`, { method: 'POST' });
    expect(wrong.status).toBe(400);
  });

  test('a page of another site gets nowhere', async () => {
    const response = await fetch(`${borgos.url}/mcp`, {
      method: 'POST',
      headers: { origin: 'https://evil.example', 'content-type': 'application/json' },
      body: '{}',
    });
    expect(response.status).toBe(403);
  });
});

test('GET /mcp/tools has the documented form, and the schemas beside it', async () => {
  const { status, body } = await borgos.request('GET', '/api/v1/mcp/tools');
  expect(status).toBe(200);
  const find = (wanted: string) => body.tools.find(({ name }: { name: string }) => name === wanted);
  expect(find('list_projects')).toMatchObject({
    description: 'List all projects in the system',
    annotations: { readOnlyHint: true },
    scope: 'projects:read',
  });
  expect(find('deploy_project')).toMatchObject({
    description: expect.stringContaining('Deploy a project to a specific port'),
    parameters: expect.arrayContaining(['project_id', 'port']),
    input_schema: { required: ['project_id'] },
  });
});
