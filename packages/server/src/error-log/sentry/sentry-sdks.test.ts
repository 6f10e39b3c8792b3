import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { LoggedError } from '@borgos/contracts/error-log';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../testing/test-app.ts';
import { waitFor } from '../../testing/wait-for.ts';

const run = promisify(execFile);
const { resolve } = createRequire(import.meta.url);
const limits = { timeout: 60_000, maxBuffer: 1024 * 1024 };

let app: TestApp;
let folder: string;

beforeAll(async () => {
  app = await startTestApp();
  folder = await mkdtemp(path.join(tmpdir(), 'borgos-sentry-'));
});
afterAll(async () => {
  await app?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A project of its own, so that a test sees its own errors only. */
async function createProject(name: string): Promise<{ id: number; dsn: string }> {
  const { body } = await app.request('POST', '/api/v1/projects', {
    ...{ name, path: path.join(folder, name) },
  });
  const answer = await app.request('GET', `/api/v1/projects/${body.id}/dsn`);
  expect(answer.status).toBe(200);
  return { id: body.id, dsn: answer.body.dsn };
}

async function errorsOf(projectId: number, count: number): Promise<LoggedError[]> {
  return waitFor(`${count} errors of project ${projectId}`, async () => {
    const { body } = await app.request('GET', `/api/v1/errors?project_id=${projectId}`);
    return body.length >= count && body;
  });
}

const nodeApp = `
const Sentry = require(process.env.SENTRY);
Sentry.init({ dsn: process.env.DSN, release: 'shop@1.2.3', environment: 'test' });
Sentry.setTag('area', 'checkout');
function readCart(cart) {
  return cart.items;
}
function checkout() {
  try {
    readCart(undefined);
  } catch (error) {
    throw new Error('checkout failed', { cause: error });
  }
}
try {
  checkout();
} catch (error) {
  Sentry.captureException(error, { extra: { order: 7, password: 'hunter2-canary' } });
}
// Long enough to be compressed.
const bulk = { notes: Array.from({ length: 40 }, (_, at) => String(at).repeat(1000)) };
Sentry.captureMessage('stock is low', { level: 'warning', extra: bulk });
Sentry.flush(10_000).then((sent) => process.exit(sent ? 0 : 1));
`;

test('an app with @sentry/node reports to BorgOS by its DSN alone', async () => {
  const { id, dsn } = await createProject('node-shop');
  const script = path.join(folder, 'shop.cjs');
  await writeFile(script, nodeApp);
  const env = { ...process.env, DSN: dsn, SENTRY: resolve('@sentry/node') };
  await run(process.execPath, [script], { ...limits, env });

  const errors = await errorsOf(id, 2);
  expect(errors).toHaveLength(2);
  const thrown = errors.find(({ message }) => message === 'checkout failed');
  expect(thrown).toMatchObject({ error_type: 'Error', severity: 'error', project_id: id });
  expect(thrown?.stack_trace).toMatch(/^Error: checkout failed\n {4}at checkout \(.*shop\.cjs:12:/);
  expect(thrown?.stack_trace).toMatch(/\[cause\]: TypeError: .*\n {6}at readCart \(.*shop\.cjs:6:/);
  expect(thrown?.context).toMatchObject({
    ...{ release: 'shop@1.2.3', environment: 'test', tags: { area: 'checkout' } },
    extra: { order: 7, password: '[redacted]' },
  });
  const said = errors.find(({ message }) => message === 'stock is low');
  expect(said).toMatchObject({ error_type: 'Message', severity: 'warning' });
  expect(JSON.stringify(errors)).not.toContain('hunter2-canary');
}, 60_000);

test('an app that crashes reports it with @sentry/node before it ends', async () => {
  const { id, dsn } = await createProject('node-crash');
  const script = path.join(folder, 'crash.cjs');
  await writeFile(
    script,
    `require(process.env.SENTRY).init({ dsn: process.env.DSN });
setTimeout(() => { throw new TypeError('nobody catches this'); });`,
  );
  const env = { ...process.env, DSN: dsn, SENTRY: resolve('@sentry/node') };
  await expect(run(process.execPath, [script], { ...limits, env })).rejects.toThrow();
  const [error] = await errorsOf(id, 1);
  expect(error).toMatchObject({
    ...{ error_type: 'TypeError', severity: 'critical', message: 'nobody catches this' },
    context: { handled: false },
  });
}, 60_000);

test('a DSN of another key is refused, and nothing is logged', async () => {
  const { id, dsn } = await createProject('node-wrong-key');
  const wrong = dsn.replace(/\/\/\w+@/, `//${'0'.repeat(32)}@`);
  const script = path.join(folder, 'wrong.cjs');
  await writeFile(
    script,
    `const Sentry = require(process.env.SENTRY);
Sentry.init({ dsn: process.env.DSN, debug: true });
Sentry.captureException(new Error('x'));
Sentry.flush(10_000).then(() => process.exit());`,
  );
  const env = { ...process.env, DSN: wrong, SENTRY: resolve('@sentry/node') };
  const { stdout, stderr } = await run(process.execPath, [script], { ...limits, env });
  expect(stdout + stderr).toMatch(/status code 40[13]/);
  const { body } = await app.request('GET', `/api/v1/errors?project_id=${id}`);
  expect(body).toEqual([]);
}, 60_000);

const pythonApp = `
import logging, os, sentry_sdk
sentry_sdk.init(dsn=os.environ['DSN'], release='shop@1.2.3', traces_sample_rate=1.0)
class CartError(Exception): pass
def read_cart(cart):
    return cart['items']
def checkout():
    try:
        read_cart({})
    except KeyError as error:
        raise CartError('checkout failed') from error
try:
    checkout()
except CartError:
    sentry_sdk.capture_exception()
logging.getLogger('shop').error('payment of %s failed', 7)
with sentry_sdk.start_transaction(name='not an error'):
    pass
sentry_sdk.add_attachment(bytes=b'a\\nb\\n', filename='x.bin')
raise RuntimeError('nobody catches this')
`;

test('an app with the Python SDK reports to BorgOS by its DSN alone', async ({ skip }) => {
  const python = await pythonWithSentry();
  if ('missing' in python) {
    if (process.env.CI) throw new Error(`The Python SDK cannot be tried: ${python.missing}`);
    return skip(`the Python SDK cannot be tried: ${python.missing}`);
  }
  const { id, dsn } = await createProject('python-shop');
  const script = path.join(folder, 'shop.py');
  await writeFile(script, pythonApp);
  const env = { ...process.env, DSN: dsn };
  await expect(run(python.program, [script], { ...limits, env })).rejects.toThrow(
    'nobody catches this',
  );

  const errors = await errorsOf(id, 3);
  expect(errors.map(({ message }) => message).sort()).toEqual([
    ...['checkout failed', 'nobody catches this', 'payment of 7 failed'],
  ]);
  const thrown = errors.find(({ error_type }) => error_type === 'CartError');
  expect(thrown?.stack_trace).toMatch(
    /^Traceback .*:\n {2}File ".*shop\.py", line 9, in checkout\n {4}read_cart/,
  );
  expect(thrown?.stack_trace).toMatch(/KeyError: 'items'\n\n.*exception.*:\n\nTraceback/);
  expect(thrown?.stack_trace).toMatch(/CartError: checkout failed$/);
  expect(errors.find(({ error_type }) => error_type === 'RuntimeError')).toMatchObject({
    ...{ severity: 'error', context: { handled: false, release: 'shop@1.2.3' } },
  });
}, 180_000);

/** An environment of its own with the SDK in it, from the package index. */
async function pythonWithSentry(): Promise<{ program: string } | { missing: string }> {
  const environment = path.join(folder, 'python');
  const program = path.join(environment, 'bin', 'python');
  try {
    await run('python3', ['-m', 'venv', environment], limits);
    const install = ['-m', 'pip', 'install', '--quiet', '--retries', '1', 'sentry-sdk==2.75.0'];
    await run(program, install, { ...limits, timeout: 120_000 });
    return { program };
  } catch (error) {
    return { missing: (error as Error).message.split('\n')[0] ?? '' };
  }
}
