import { execFile } from 'node:child_process';
import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

const run = promisify(execFile);
let testApp: TestApp;

beforeAll(async () => {
  testApp = await startTestApp();
});
afterAll(() => testApp.close());

const files = {
  'README.md': `# Shop\n\nSells things.\n`,
  'requirements.txt': 'fastapi==0.100.0\npsycopg[binary]==3.1.0\n',
  'main.py': 'import fastapi\n\n# The shop\napp = fastapi.FastAPI()\n',
  'broken.py': 'def f():\n    return 1\n      return 2\n',
  'tests/test_main.py': 'def test_it():\n    assert True\n',
  'coverage.xml':
    '<?xml version="1.0" ?><coverage line-rate="0.785" lines-covered="157" lines-valid="200"></coverage>',
};

async function register(content: Record<string, string> = files, fields: object = {}) {
  const folder = await makeProjectFolder(content);
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const project = await testApp.client.projects.create({
    name: 'Shop',
    path: folder.path,
    ...fields,
  });
  return { id: project.id, folder: folder.path };
}

/** Scans, and returns how the scan ended. */
async function scanned(id: number) {
  const { body } = await testApp.request('POST', `/api/v1/projects/${id}/scan`);
  return ended(id, body.scan_id);
}

function ended(id: number, scan_id: number) {
  return waitFor(`scan ${scan_id} to end`, async () => {
    const scan = await testApp.client.scans.get({ id, scan_id });
    return scan.finished_at !== null && scan;
  });
}

describe('a scan', () => {
  test('answers as the reference says, and fills in the project', async () => {
    const { id } = await register();
    const { status, body } = await testApp.request('POST', `/api/v1/projects/${id}/scan`);
    expect(status).toBe(202);
    expect(body.message).toBe(`Scan initiated for project ${id}`);
    expect(await ended(id, body.scan_id)).toMatchObject({
      status: 'completed',
      trigger: 'request',
      files_found: 6,
      files_done: 6,
      errors_found: 1,
    });
    const project = await testApp.client.projects.get({ id });
    expect(project).toMatchObject({
      scan_status: 'completed',
      project_type: 'api',
      metadata: { lines_of_code: 7, test_coverage: 78.5, dependencies: 2 },
      errors: [
        {
          type: 'syntax',
          severity: 'error',
          file: 'broken.py',
          line: 3,
          message: 'Unexpected indentation',
        },
      ],
    });
    expect(project.tech_stack).toEqual(expect.arrayContaining(['python', 'fastapi', 'postgresql']));
    expect(project.last_scan_at).not.toBeNull();
    expect(project.health_score).toBeGreaterThan(0);
  });

  test('is told from its start to its end', async () => {
    const { id } = await register();
    const { id: scanId } = await scanned(id);
    const events = await testApp.eventsOf(scanId);
    const own = events.filter(({ type }) => type.startsWith('scan_'));
    expect(own.at(0)).toEqual({
      type: 'scan_started',
      data: { id: scanId, project_id: id, trigger: 'request' },
    });
    expect(own.at(-1)).toMatchObject({ type: 'scan_completed', data: { project_id: id } });
  });

  test('explains each score by all of its checks', async () => {
    const { id } = await register();
    const before = await testApp.request('GET', `/api/v1/projects/${id}/scores`);
    expect(before).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    const { health_score } = await scanned(id);
    const scores = await testApp.client.scans.scores({ id });
    expect(scores.health.score).toBe(health_score);
    const syntax = scores.health.checks.find((check) => check.id === 'syntax');
    expect(syntax).toMatchObject({ max: 20, evidence: [{ file: 'broken.py', line: 3 }] });
    for (const { checks } of [scores.health, scores.vibe, scores.eco]) {
      for (const { points, max, status, fix } of checks) {
        expect(points).toBeLessThanOrEqual(max);
        if (status === 'fail' || status === 'partial') expect(fix).toBeTruthy();
      }
    }
  });

  test('keeps what the user wrote, first', async () => {
    const { id } = await register(files, { project_type: 'web', tech_stack: ['cobol', 'fastapi'] });
    await scanned(id);
    const { project_type, tech_stack } = await testApp.client.projects.get({ id });
    expect(project_type).toBe('web');
    expect(tech_stack.slice(0, 2)).toEqual(['cobol', 'fastapi']);
    expect(tech_stack.filter((one) => one === 'fastapi')).toHaveLength(1);
  });

  test('reads only what has changed since the last one, and says what is different', async () => {
    const { id, folder } = await register();
    // As if they had been written long ago: what is as young as the scan may still change.
    const old = new Date(Date.now() - 60_000);
    for (const name of Object.keys(files)) await utimes(path.join(folder, name), old, old);
    expect(await scanned(id)).toMatchObject({ files_read: 6, changes: null });
    expect(await scanned(id)).toMatchObject({ files_read: 0, changes: [] });
    await writeFile(path.join(folder, 'broken.py'), 'def f():\n    return 1\n');
    await utimes(path.join(folder, 'main.py'), new Date(), new Date());
    const third = await scanned(id);
    expect(third).toMatchObject({ files_read: 2, errors_found: 0 });
    expect(third.changes).toContainEqual({ what: 'errors_found', before: 1, after: 0 });
    expect((await testApp.client.projects.get({ id })).errors).toEqual([]);
    const { data } = await testApp.client.scans.list({ id });
    expect(data.map(({ files_read }) => files_read)).toEqual([2, 0, 6]);
  });

  test('knows what git knows, without credentials', async () => {
    const { id, folder } = await register();
    const git = (...command: string[]) => run('git', ['-C', folder, ...command]);
    await git('init', '-q', '-b', 'main');
    await git('add', '.');
    const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
    await git(...who, 'commit', '-q', '-m', 'Begin');
    await git('remote', 'add', 'origin', 'https://ada:canary-secret@example.com/shop.git');
    const { commit } = await scanned(id);
    const { stdout } = await git('rev-parse', 'HEAD');
    expect(commit).toBe(stdout.trim());
    const { metadata } = await testApp.client.projects.get({ id });
    expect(metadata.git).toMatchObject({
      branch: 'main',
      is_dirty: false,
      active_weeks: 1,
      remote: 'https://example.com/shop.git',
    });
    expect(JSON.stringify(metadata)).not.toContain('canary');
  });

  test('that is asked for while one is under way joins it', async () => {
    const { id } = await register();
    const asked = await Promise.all(
      Array.from({ length: 10 }, () => testApp.client.scans.start({ id })),
    );
    const { data } = await testApp.client.scans.list({ id });
    expect(new Set(asked.map(({ scan_id }) => scan_id)).size).toBeLessThanOrEqual(data.length);
    expect(data.length).toBeLessThan(10);
    for (const { id: scan_id } of data) await ended(id, scan_id);
  });
});

describe('a scan that cannot be done', () => {
  test('is refused when there is no directory', async () => {
    const { id } = await testApp.client.projects.create({ name: 'None', path: '/nowhere/at/all' });
    const { status, body } = await testApp.request('POST', `/api/v1/projects/${id}/scan`);
    expect(status).toBe(400);
    expect(body.code).toBe('PROJECT_PATH_MISSING');
    expect((await testApp.request('POST', '/api/v1/projects/99999/scan')).status).toBe(404);
  });

  test('keeps the values of before, and says why', async () => {
    const { id, folder } = await register();
    await scanned(id);
    const before = await testApp.client.projects.get({ id });
    const { body } = await testApp.request('POST', `/api/v1/projects/${id}/scan`);
    // It is queued or has begun: in both cases its folder is not where it was.
    await rename(folder, `${folder}-moved`);
    onTestFinished(() => rm(`${folder}-moved`, { recursive: true, force: true }));
    const scan = await ended(id, body.scan_id);
    const after = await testApp.client.projects.get({ id });
    expect(after.health_score).toBe(before.health_score);
    expect(after.metadata.lines_of_code).toBe(before.metadata.lines_of_code);
    if (scan.status === 'failed') expect(scan.status_reason).toContain(folder);
  });

  test('can be cancelled, and leaves no trace', async () => {
    const { id, folder } = await register();
    for (let n = 0; n < 40; n += 1) {
      await mkdir(path.join(folder, `folder-${n}`));
      await writeFile(path.join(folder, `folder-${n}`, 'big.py'), 'x = [1, 2, 3]\n'.repeat(15_000));
    }
    const { scan_id } = await testApp.client.scans.start({ id });
    const cancelled = await testApp.client.scans.cancel({ id, scan_id });
    expect(cancelled.status).toBe('cancelled');
    const { scan_status, metadata } = await testApp.client.projects.get({ id });
    expect({ scan_status, lines: metadata.lines_of_code }).toEqual({
      scan_status: 'not_scanned',
      lines: null,
    });
    // The next one is not kept waiting by it.
    await rm(path.join(folder, 'folder-0'), { recursive: true });
    const { scan_id: next } = await testApp.client.scans.start({ id });
    expect(next).not.toBe(scan_id);
    expect((await ended(id, next)).status).toBe('completed');
    expect((await testApp.client.scans.cancel({ id, scan_id: next })).status).toBe('completed');
  }, 60_000);
});

test('requests are answered while a large project is scanned', async () => {
  const { id, folder } = await register({});
  for (let n = 0; n < 300; n += 1) {
    await writeFile(
      path.join(folder, `module-${n}.py`),
      'def f(x):\n    return x + 1\n'.repeat(2_000),
    );
  }
  const { scan_id } = await testApp.client.scans.start({ id });
  let answered = 0;
  let isOver = false;
  const scan = ended(id, scan_id).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    expect((await testApp.request('GET', '/health')).status).toBe(200);
    answered += 1;
  }
  expect((await scan).lines_of_code).toBe(300 * 2 * 2_000);
  expect(answered).toBeGreaterThan(20);
}, 60_000);
