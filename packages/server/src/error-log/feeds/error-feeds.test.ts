import type { LoggedError } from '@borgos/contracts/error-log';
import type { EventData } from '@borgos/contracts/events';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemActor } from '../../caller.ts';
import { transaction } from '../../database/transaction.ts';
import { appendEvent } from '../../events/append.ts';
import { makeProjectFolder, nodeApp } from '../../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../../testing/test-app.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { remoteApp, runIn } from './testing/remote-app.ts';

const secret = 'correct-horse-battery';
/** With which each test shows that what came before it was looked at. */
const last = 'new RangeError("the last one")';

describe('what goes wrong in a deployment', { timeout: 60_000 }, () => {
  let app: TestApp;
  const logged: string[] = [];
  beforeAll(async () => {
    app = await startTestApp({
      deadlines: { health: 8_000, settle: 200, grace: 2_000 },
      log: pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) }),
    });
  });
  afterAll(() => app.close());
  afterEach(async () => {
    const { data } = await app.client.deployments.list({ offset: 0 });
    for (const { id } of data) await app.client.deployments.delete({ id });
    expect(logged.filter((line) => line.includes(secret))).toEqual([]);
  });

  async function deploy(files: Record<string, string>, secrets: Record<string, string> = {}) {
    const folder = await makeProjectFolder(files);
    const project = await app.client.projects.create({ name: 'Shop', path: folder.path });
    const answer = await app.client.deployments.deploy({
      project_id: project.id,
      name: 'prod',
      secrets,
    });
    if (!('id' in answer)) throw new Error('the answer is a plan');
    const { port } = await app.until(answer.id, 'running', 'failed', 'crash_loop');
    return {
      id: answer.id,
      port,
      project,
      folder,
      [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
    };
  }

  /** Oldest first. */
  async function errorsOf(deployment_id: number): Promise<LoggedError[]> {
    const { data } = await app.client.errors.list({ deployment_id, limit: 1000, offset: 0 });
    return data.sort((a, b) => a.id - b.id);
  }
  const titles = (errors: LoggedError[]) =>
    errors.map(({ error_type, message }) => `${error_type}: ${message}`);

  function untilErrors(id: number, count: number): Promise<LoggedError[]> {
    return waitFor(`${count} errors`, async () => {
      const errors = await errorsOf(id);
      return errors.length >= count && errors;
    });
  }

  /** Waits until what was told and printed so far must have been looked at. */
  async function untilLookedAt(id: number, port: number): Promise<LoggedError[]> {
    await runIn(port, `console.error(${last})`);
    await waitFor('the last error', async () =>
      (await errorsOf(id)).some(({ message }) => message === 'the last one'),
    );
    return (await errorsOf(id)).filter(({ message }) => message !== 'the last one');
  }

  test('an error that nobody caught is logged once, as what it is, and grouped', async () => {
    await using shop = await deploy(remoteApp);
    await runIn(shop.port, 'throwUp("no cart")');
    await untilErrors(shop.id, 1);
    await waitFor('the crash to be told', async () =>
      (await app.eventsOf(shop.id)).some(({ type }) => type === 'deployment_crashed'),
    );
    await app.until(shop.id, 'running');
    // Which is a crash by itself: when that is logged, the one before has been decided upon.
    await runIn(shop.port, 'process.exit(9)');
    const [error, ...others] = await untilErrors(shop.id, 2);
    expect(others).toMatchObject([{ error_type: 'Crash', context: { restarts: 2 } }]);
    expect(error).toMatchObject({
      project_id: shop.project.id,
      project_name: 'Shop',
      deployment_id: shop.id,
      deployment_name: 'prod',
      error_type: 'TypeError',
      severity: 'critical',
      message: 'no cart',
      context: { source: 'output', offset: expect.any(Number) },
    });
    expect(error?.stack_trace).toMatch(/at throwUp \(.*server\.js:\d+:\d+\)/);
    const group = await app.client.errorGroups.get({ id: error?.group_id ?? 0 });
    expect(group).toMatchObject({ count: 1, status: 'open', grouped_by: { by: 'stack' } });
  });

  test('an app that ends without a word is a crash, with its code and the end of its output', async () => {
    await using shop = await deploy(remoteApp, { API_KEY: secret });
    await runIn(
      shop.port,
      'for (let i = 0; i < 20; i++) console.log("line " + i + " " + process.env.API_KEY); process.exit(9)',
    );
    const [error] = await untilErrors(shop.id, 1);
    const events = await app.eventsOf(shop.id);
    const crashes = events.filter(({ type }) => type === 'deployment_crashed');
    const [exit_code] = crashes.map(
      ({ data }) => (data as EventData<'deployment_crashed'>).exit_code,
    );
    // Where it was started again before anybody looked, the code may not be known any more.
    const message = exit_code === null ? 'prod ended' : 'prod ended with code 9';
    expect(error).toMatchObject({
      error_type: 'Crash',
      severity: 'error',
      message,
      stack_trace: null,
      project_id: shop.project.id,
      context: { source: 'deployment', revision: 1, exit_code, restarts: 1 },
    });
    const output = String(error?.context.output);
    expect(output).toContain('line 19 [redacted]');
    expect(output.split('\n').length).toBeLessThanOrEqual(15);
    await app.until(shop.id, 'running');
    expect(titles(await untilLookedAt(shop.id, shop.port))).toEqual([`Crash: ${message}`]);
  });

  test('errors that an app printed and survived are found, without its secrets', async () => {
    await using shop = await deploy(remoteApp, { API_KEY: secret });
    await runIn(shop.port, 'console.error(new Error("refused " + process.env.API_KEY))');
    await runIn(shop.port, `console.log(${JSON.stringify(pythonTraceback)})`);
    await untilErrors(shop.id, 2);
    const errors = await untilLookedAt(shop.id, shop.port);
    expect(titles(errors)).toEqual(['Error: refused [redacted]', "KeyError: 'cart'"]);
    expect(JSON.stringify(errors)).not.toContain(secret);
    expect(errors[1]?.stack_trace).toBe(pythonTraceback);
    expect(await (await fetch(`http://localhost:${shop.port}`)).text()).toBe('ok');
    expect(await app.client.deployments.get({ id: shop.id })).toMatchObject({ restarts: 0 });
  });

  test('an app that keeps crashing is a crash loop, told once', async () => {
    await using shop = await deploy({
      ...nodeApp(''),
      'server.js': `
        require('node:http').createServer((q, s) => s.end('up')).listen(process.env.PORT, process.env.HOST);
        setTimeout(() => { throw new Error('out of luck') }, 300);
      `,
    });
    await waitFor(
      'the crash loop',
      async () => (await errorsOf(shop.id)).some(({ error_type }) => error_type === 'CrashLoop'),
      45_000,
    );
    const errors = await errorsOf(shop.id);
    expect(errors.filter(({ error_type }) => error_type === 'CrashLoop')).toMatchObject([
      {
        severity: 'critical',
        message: expect.stringContaining('more than 4 times in 10 minutes'),
        context: { output: expect.stringContaining('out of luck') },
      },
    ]);
    const printed = errors.filter(({ message }) => message === 'out of luck');
    expect(printed.length).toBeGreaterThanOrEqual(5);
    expect(new Set(printed.map(({ group_id }) => group_id)).size).toBe(1);
    expect(titles(errors)).toHaveLength(printed.length + 1);
  });

  test('a release that fails is logged once, whether or not an older one serves', async () => {
    const built = {
      'package.json': JSON.stringify({
        name: 'app',
        main: 'server.js',
        scripts: { build: 'node build.js' },
      }),
      'server.js': nodeApp('ok')['server.js'] ?? '',
      'build.js': '',
    };
    await using shop = await deploy(built);
    await shop.folder.write({ 'build.js': 'console.error("no flux"); process.exit(1)' });
    await app.client.deployments.deploy({ project_id: shop.project.id, name: 'prod' });
    const [error] = await untilErrors(shop.id, 1);
    expect(error).toMatchObject({
      error_type: 'BUILD_FAILED',
      severity: 'error',
      message: expect.stringContaining('Revision 2 failed'),
      context: { output: expect.stringContaining('no flux') },
      project_id: shop.project.id,
    });
    await app.client.deployments.stop({ id: shop.id });
    await app.client.deployments.deploy({ project_id: shop.project.id, name: 'prod' });
    await app.until(shop.id, 'failed');
    const errors = await untilErrors(shop.id, 2);
    expect(errors.map(({ error_type }) => error_type)).toEqual(['BUILD_FAILED', 'BUILD_FAILED']);
  });

  test('an app that is restarted, stopped and deleted is no error', async () => {
    await using shop = await deploy(nodeApp('well'));
    const { id } = shop;
    await app.client.deployments.restart({ id });
    await app.client.deployments.stop({ id });
    await app.client.deployments.start({ id });
    await app.client.deployments.delete({ id });
    await using other = await deploy(remoteApp);
    await untilLookedAt(other.id, other.port);
    expect(titles(await errorsOf(id))).toEqual([]);
  });

  test('an app that was killed for its memory is, whatever it has printed', async () => {
    await using shop = await deploy(remoteApp);
    await runIn(shop.port, `console.log(${JSON.stringify(pythonTraceback)})`);
    await untilErrors(shop.id, 1);
    const { id } = shop;
    const data: EventData<'deployment_crashed'> = {
      ...{ id, project_id: shop.project.id, name: 'prod', revision: 1 },
      ...{ exit_code: 137, out_of_memory: true, restarts: 1 },
    };
    await transaction(app.app.database.db, (db) =>
      appendEvent(db, 'deployment_crashed', data, systemActor),
    );
    const errors = await untilErrors(id, 2);
    expect(errors[1]).toMatchObject({
      error_type: 'OutOfMemory',
      severity: 'critical',
      message: 'prod was killed for using more memory than its limit',
      context: { output: expect.stringContaining("KeyError: 'cart'") },
    });
  });

  test('each error is logged once while connections to the database break', async () => {
    await using shop = await deploy(remoteApp);
    await runIn(
      shop.port,
      `let at = 0; setInterval(() => { if (at < 300) console.error(new TypeError('number ' + at++ + ';')) }, 10)`,
    );
    for (let time = 1; time <= 3; time += 1) {
      await untilErrors(shop.id, time * 50);
      await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`.execute(
        app.app.database.db,
      );
    }
    const errors = await untilErrors(shop.id, 300);
    expect(errors.map(({ message }) => message)).toEqual(
      Array.from({ length: 300 }, (_, at) => `number ${at};`),
    );
  });

  test('errors are found in many megabytes', async () => {
    await using shop = await deploy(remoteApp);
    await runIn(
      shop.port,
      `
      const text = (at) => 'x'.repeat(99).concat('\\n').repeat(400) + new TypeError('number ' + at + ';').stack + '\\n';
      require('node:fs').writeSync(1, Array.from({ length: 200 }, (_, at) => text(at)).join(''));
    `,
    );
    const errors = await untilErrors(shop.id, 200);
    expect(errors.map(({ message }) => message)).toEqual(errors.map((_, at) => `number ${at};`));
    expect(await untilLookedAt(shop.id, shop.port)).toHaveLength(200);
  });
});

const pythonTraceback = `Traceback (most recent call last):
  File "/srv/app/main.py", line 12, in handle
    return carts['cart']
           ~~~~~^^^^^^^^
KeyError: 'cart'`;
