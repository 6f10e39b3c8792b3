import path from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { linesOf } from '../app-log/testing/read-log.ts';
import { systemActor } from '../caller.ts';
import { openDatabase } from '../database/open.ts';
import { resealInstanceRecords } from '../runtimes/process/instance-record.ts';
import { rotateKey } from '../secrets/rotate-key.ts';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { filesWith, tablesWith } from '../testing/find-canary.ts';
import { freePort } from '../testing/free-port.ts';
import { makeProjectFolder, nodeApp } from '../testing/project-folder.ts';
import { startServerProcess } from '../testing/server-process.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { resealRevisions } from './revision-secrets.ts';

/** In every spelling it is found by its middle. */
const canary = 'canary-"7f3a"/b+c ü 9d1e';
const spellings = [
  canary,
  JSON.stringify(canary).slice(1, -1),
  encodeURIComponent(canary),
  Buffer.from(canary).toString('base64').slice(0, -4),
  Buffer.from(canary).toString('hex'),
];

/** Prints its secret in each way that a program does. */
const printAll = `
  const key = process.env.API_KEY;
  console.log('key: ' + key);
  console.log(JSON.stringify({ headers: { key } }), { key });
  console.log('https://example.com/?key=' + encodeURIComponent(key));
  console.log('Authorization: Basic ' + Buffer.from('user:' + key).toString('base64'));
  console.log(Buffer.from(key).toString('base64'));
`;
const printing = (after: string) => ({
  ...nodeApp(''),
  'server.js': `${printAll}
    require('node:http').createServer((request, response) => {
      response.end(JSON.stringify(process.env));
    }).listen(process.env.PORT, process.env.HOST);
    ${after}`,
});

function has(text: string): boolean {
  return spellings.some((spelling) => text.includes(spelling));
}

describe('the secrets of a deployment', { timeout: 60_000 }, () => {
  let app: TestApp;
  const logged: string[] = [];
  beforeAll(async () => {
    app = await startTestApp({
      settings: { runtime: 'process' },
      deadlines: { health: 8_000, settle: 200, grace: 2_000 },
      log: pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) }),
    });
  });
  afterAll(() => app.close());

  // Whatever a test has done with it; what is deployed outlives the server, and goes in any case.
  afterEach(async () => {
    try {
      await assertHidden();
    } finally {
      const { data } = await app.client.deployments.list({ offset: 0 });
      for (const { id } of data) await app.client.deployments.delete({ id });
    }
  });

  async function assertHidden(): Promise<void> {
    expect(await tablesWith(app.app.database.db, has)).toEqual([]);
    expect(await filesWith(app.home, has)).toEqual([]);
    expect(logged.filter(has)).toEqual([]);
    const answers = ['/', '/metrics', '/api/v1/audit', '/api/v1/deployments', '/api/v1/status'];
    for (const place of answers) {
      const response = await fetch(`${app.url}${place}`);
      expect({ place, status: response.status }).toEqual({ place, status: 200 });
      expect({ place, shown: has(await response.text()) }).toEqual({ place, shown: false });
    }
  }

  async function register(files: Record<string, string>) {
    const folder = await makeProjectFolder(files);
    const { id } = await app.client.projects.create({ name: 'Shop', path: folder.path });
    return { id, folder, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
  }

  async function deploy(project_id: number, body: object) {
    const answer = await app.request('POST', '/api/v1/deploy', {
      project_id,
      name: 'prod',
      ...body,
    });
    expect(answer).toMatchObject({ status: 202 });
    expect(has(JSON.stringify(answer.body))).toBe(false);
    return app.until(answer.body.id, 'running', 'failed');
  }

  const seen = async (url: string) => (await (await fetch(url)).json()) as Record<string, string>;
  const logs = async (id: number, query = '') =>
    (await app.request('GET', `/api/v1/deployments/${id}/logs${query}`)).body;
  const sealed = (id: number) =>
    app.app.database.db
      .selectFrom('revisions')
      .select(['number', 'secrets'])
      .where('deployment_id', '=', id)
      .orderBy('number')
      .execute();

  test('reach the app, and nobody else; its log has them redacted at the right offsets', async () => {
    await using project = await register(printing(''));
    const deployment = await deploy(project.id, { secrets: { API_KEY: canary, B: 'other one' } });
    expect(deployment).toMatchObject({ status: 'running', secret_names: ['API_KEY', 'B'] });
    expect(deployment.environment).toEqual({});
    const { id, url } = deployment;
    expect(await seen(url)).toMatchObject({ API_KEY: canary, B: 'other one' });

    const raw = await linesOf(path.join(app.home, 'deployments', String(id), 'app-log'));
    expect(has(raw.map(({ content }) => content.toString()).join('\n'))).toBe(true);
    const whole = await logs(id);
    const size = raw.at(-1)?.end ?? 0;
    expect(whole).toMatchObject({ offset: 0, next_offset: size, size });
    expect(whole.content).toContain('key: [redacted]\n');
    expect(whole.content.match(/\[redacted\]/g)).toHaveLength(6);
    expect(has(whole.content)).toBe(false);
    // Cut anywhere, it cannot be put together again.
    let pieces = '';
    for (let offset = 0; offset < size; ) {
      const piece = await logs(id, `?offset=${offset}&max_bytes=7`);
      pieces += piece.content.replaceAll('[redacted]', '');
      offset = piece.next_offset;
    }
    for (const part of ['canary', '7f3a', '9d1e', 'Y2FuYXJ5']) expect(pieces).not.toContain(part);
  });

  test('stay unless they are named, are removed with null, and win over the environment', async () => {
    await using project = await register(printing(''));
    const first = await deploy(project.id, {
      environment: { MODE: 'plain', API_KEY: 'of the environment' },
      secrets: { API_KEY: canary, OLD: 'to be removed' },
    });
    expect(first.secret_names).toEqual(['API_KEY', 'OLD']);
    expect(await seen(first.url)).toMatchObject({ API_KEY: canary, MODE: 'plain' });

    const second = await deploy(project.id, { secrets: { NEW: 'added', OLD: null, NONE: null } });
    expect(second).toMatchObject({ id: first.id, revision: 2, secret_names: ['API_KEY', 'NEW'] });
    const environment = await seen(second.url);
    expect(environment).toMatchObject({ API_KEY: canary, NEW: 'added' });
    expect(environment).not.toHaveProperty('OLD');

    const third = await deploy(project.id, {});
    expect(third).toMatchObject({ revision: 3, secret_names: ['API_KEY', 'NEW'] });
    expect((await seen(third.url)).API_KEY).toBe(canary);
    const rows = await sealed(third.id);
    expect(new Set(rows.map(({ secrets }) => secrets.API_KEY)).size).toBe(3);

    const listed = await app.client.deployments.list({ project_id: project.id });
    expect(listed.data).toMatchObject([{ secret_names: ['API_KEY', 'NEW'] }]);
  });

  test('are in no reason, event or log when the app prints them and ends', async () => {
    await using project = await register(printing('process.exit(3);'));
    const deployment = await deploy(project.id, { secrets: { API_KEY: canary } });
    expect(deployment).toMatchObject({ status: 'failed', failure_code: 'EXITED' });
    expect(deployment.status_reason).toContain('key: [redacted]');
    const { failure_reason } = await app.app.database.db
      .selectFrom('revisions')
      .select('failure_reason')
      .where('deployment_id', '=', deployment.id)
      .executeTakeFirstOrThrow();
    expect(failure_reason).toContain('key: [redacted]');
    expect(JSON.stringify(await app.eventsOf(deployment.id))).toContain('key: [redacted]');
  });

  test('are in no reason when the app crashes again and again', async () => {
    await using project = await register(printing('setTimeout(() => process.exit(9), 400);'));
    const { id } = await deploy(project.id, { secrets: { API_KEY: canary } });
    const deployment = await waitFor(
      'the crash loop',
      async () => {
        const deployment = await app.client.deployments.get({ id });
        return deployment.status === 'crash_loop' && deployment;
      },
      45_000,
    );
    expect(deployment.status_reason).toContain('key: [redacted]');
  });

  test('are never given to a build; one that knows them anyway is redacted', async () => {
    await using project = await register({
      ...nodeApp(''),
      'package.json': JSON.stringify({
        name: 'app',
        main: 'server.js',
        scripts: { build: 'node build.js' },
      }),
      'build.js': `
        console.log('given: ' + process.env.API_KEY);
        console.log('known: ' + require('node:fs').readFileSync('key.txt', 'utf8'));
        process.exit(1);`,
      'key.txt': canary,
    });
    const deployment = await deploy(project.id, { secrets: { API_KEY: canary } });
    expect(deployment).toMatchObject({ status: 'failed', failure_code: 'BUILD_FAILED' });
    expect(deployment.status_reason).toContain('given: undefined\nknown: [redacted]');
    const { content } = await logs(deployment.id, '?stream=build');
    expect(content).toContain('given: undefined\nknown: [redacted]');
  });

  test('that were moved to another name start nothing, and can be set anew', async () => {
    await using project = await register(printing(''));
    const { id } = await deploy(project.id, { secrets: { API_KEY: canary, B: 'other one' } });
    await app.app.database.db
      .updateTable('revisions')
      .set({ secrets: sql`jsonb_build_object('API_KEY', secrets -> 'B', 'B', secrets -> 'B')` })
      .where('deployment_id', '=', id)
      .execute();
    const restart = await app.request('POST', `/api/v1/deployments/${id}/restart`);
    expect(restart).toMatchObject({ status: 409, body: { code: 'DEPLOYMENT_FAILED' } });
    expect(await app.client.deployments.get({ id })).toMatchObject({
      status: 'running',
      failure_code: 'START_FAILED',
      status_reason: expect.stringContaining('The secrets API_KEY cannot be decrypted'),
    });
    const carried = await app.request('POST', '/api/v1/deploy', {
      project_id: project.id,
      name: 'prod',
    });
    expect(carried).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    expect(carried.body.message).toContain('API_KEY');

    const mended = await deploy(project.id, { secrets: { API_KEY: canary } });
    expect(await seen(mended.url)).toMatchObject({ API_KEY: canary, B: 'other one' });
  });

  test('cannot become more and more over several deploys', async () => {
    await using project = await register(printing(''));
    const many = (prefix: string) =>
      Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`${prefix}${index}`, 'value']));
    const { id } = await deploy(project.id, { secrets: { ...many('A'), API_KEY: canary } });
    const more = await app.request('POST', '/api/v1/deploy', {
      project_id: project.id,
      name: 'prod',
      secrets: many('B'),
    });
    expect(more).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', details: [{ path: 'body.secrets' }] },
    });
    expect(await sealed(id)).toHaveLength(1);
  });
});

describe('a rotation of the key', { timeout: 60_000 }, () => {
  test('between two lives of the server leaves what runs running, with its secrets', async () => {
    const cloned = await cloneDatabase();
    onTestFinished(() => cloned.drop());
    await using folder = await makeProjectFolder(printing(''));
    await using homeFolder = await makeProjectFolder();
    const home = homeFolder.path;
    const start = () =>
      startServerProcess({
        BORGOS_HOME: home,
        BORGOS_RUNTIME: 'process',
        DATABASE_URL: cloned.databaseUrl,
      });
    let server = await start();
    try {
      const project = await server.client.projects.create({ name: 'Shop', path: folder.path });
      const input = {
        project_id: project.id,
        port: await freePort(),
        secrets: { API_KEY: canary },
      };
      const accepted = await server.client.deployments.deploy(input);
      if (!('id' in accepted)) throw new Error('a plan was answered');
      const { id } = accepted;
      const running = () =>
        waitFor('the app to run', async () => {
          const deployment = await server.client.deployments.get({ id });
          return deployment.status === 'running' && deployment;
        });
      const before = await running();
      await server.end('SIGKILL');

      const log = pino({ level: 'silent' });
      const database = await openDatabase({ source: { databaseUrl: cloned.databaseUrl }, log });
      const { resealed } = await rotateKey({
        home,
        db: database.db,
        log,
        actor: systemActor,
        kept: [
          (reseal) => resealRevisions(database.db, reseal),
          (reseal) => resealInstanceRecords(path.join(home, 'instances'), reseal),
        ],
      });
      await database.close();
      expect(resealed).toBe(2);

      server = await start();
      expect(await running()).toMatchObject({
        process_id: before.process_id,
        secret_names: ['API_KEY'],
      });
      await server.client.deployments.restart({ id });
      const environment = await (await fetch(before.url)).json();
      expect(environment).toMatchObject({ API_KEY: canary });
    } finally {
      // What is deployed outlives the server.
      if (server.child.signalCode !== null) server = await start();
      const deployments = await server.client.deployments.list({ offset: 0 });
      for (const { id } of deployments.data) await server.client.deployments.delete({ id });
      await server.end('SIGTERM');
    }
  });
});
