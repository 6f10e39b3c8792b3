import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startServerProcess } from '../testing/server-process.ts';
import { startTestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { childProcessesOf, isGone } from './testing/child-processes.ts';

/** More by hand, as each takes some seconds. */
const rounds = Number(process.env.CRASH_ROUNDS ?? 2);

test('a scan goes on after the server was killed, and ends once', {
  timeout: 60_000 * rounds,
}, async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-crash-'));
  const database = await cloneDatabase();
  const folder = await makeProjectFolder({ 'README.md': '# Large\n' });
  onTestFinished(async () => {
    await database.drop();
    await folder[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });
  for (let n = 0; n < 400; n += 1) {
    await writeFile(
      path.join(folder.path, `module-${n}.py`),
      'def f(x):\n    return x\n'.repeat(500),
    );
  }
  const start = () =>
    startServerProcess({
      BORGOS_HOME: home,
      BORGOS_RUNTIME: 'process',
      DATABASE_URL: database.databaseUrl,
    });
  let server = await start();
  const { id } = await server.client.projects.create({ name: 'Large', path: folder.path });
  for (let round = 1; round <= rounds; round += 1) {
    const { scan_id } = await server.client.scans.start({ id });
    const get = () => server.client.scans.get({ id, scan_id });
    await waitFor('the scan to run', async () => (await get()).status !== 'queued');
    const [child] = await waitFor('its process', async () => {
      const children = await childProcessesOf(server.child.pid ?? 0);
      return children.length > 0 && children;
    });
    await server.end('SIGKILL');
    await waitFor('its process to be gone', () => isGone(child ?? 0));
    // So that the next round has something to read.
    await rm(path.join(home, 'scans'), { recursive: true, force: true });
    server = await start();
    const ended = async () => {
      const scan = await get();
      return scan.finished_at !== null && scan;
    };
    const scan = await waitFor('the scan to end', ended, 50_000);
    expect(scan).toMatchObject({ status: 'completed', lines_of_code: 400 * 1000 });
    const { data } = await server.client.audit.list({ type: ['scan_completed'] });
    expect(data).toHaveLength(round);
  }
  await server.end('SIGTERM');
});

test('a parser that crashes ends the scan only, which names the file', async () => {
  const testApp = await startTestApp();
  onTestFinished(() => testApp.close());
  const folder = await makeProjectFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  for (let n = 0; n < 100; n += 1) {
    const file = path.join(folder.path, `module-${n}.py`);
    await writeFile(file, 'def f(x):\n    return x\n'.repeat(10_000));
  }
  const { id } = await testApp.client.projects.create({ name: 'Hard', path: folder.path });
  const { scan_id } = await testApp.client.scans.start({ id });
  const places = path.join(testApp.home, 'scans', `${id}.places`);
  await waitFor('a file to be looked at', async () => {
    const { size } = await stat(places).catch(() => ({ size: 0 }));
    return size > 0;
  });
  const [child = 0] = await childProcessesOf(process.pid);
  process.kill(child, 'SIGSEGV');
  const { status, status_reason } = await waitFor('the scan to end', async () => {
    const scan = await testApp.client.scans.get({ id, scan_id });
    return scan.finished_at !== null && scan;
  });
  expect(status).toBe('failed');
  expect(status_reason).toMatch(
    /^Its process was ended by SIGSEGV while it looked at module-\d+\.py\./,
  );
  expect((await testApp.request('GET', '/health')).status).toBe(200);
}, 60_000);
