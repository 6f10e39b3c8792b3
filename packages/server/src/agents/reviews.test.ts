import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { fakeAgents } from './testing/fake-agents.ts';

const run = promisify(execFile);
let testApp: TestApp;

beforeAll(async () => {
  testApp = await startTestApp({ agents: fakeAgents() });
});
afterAll(() => testApp.close());

const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com'];

async function git(folder: string, ...command: string[]): Promise<string> {
  const { stdout } = await run('git', [...identity, ...command], { cwd: folder });
  return stdout.trim();
}

async function register(files: Record<string, string> = { 'README.md': '# Shop\n' }) {
  const folder = await makeProjectFolder(files);
  onTestFinished(() => folder[Symbol.asyncDispose]());
  await git(folder.path, 'init', '--quiet', '--initial-branch=main');
  await git(folder.path, 'add', '--all');
  await git(folder.path, 'commit', '--quiet', '--message=Begin');
  const { id } = await testApp.client.projects.create({ name: 'Shop', path: folder.path });
  return { project_id: id, folder: folder.path };
}

async function done(project_id: number, behaviour: string, fields: object = {}) {
  const { task_id } = await testApp.client.agentTasks.create({
    project_id,
    agent_type: 'fake',
    description: `Change something\nbehave: ${behaviour}`,
    ...fields,
  });
  return ended(task_id);
}

function ended(id: number, attempt = 1) {
  return waitFor(`task ${id} to end`, async () => {
    const task = await testApp.client.agentTasks.get({ id });
    return task.attempt === attempt && task.completed_at !== null && task;
  });
}

const worktreeOf = (id: number) =>
  waitFor('the worktree', async () => {
    const row = await testApp.app.database.db
      .selectFrom('agent_tasks')
      .select('worktree')
      .where('id', '=', id)
      .executeTakeFirst();
    return row?.worktree ?? undefined;
  });

const post = (id: number, what: string, body: object = {}) =>
  testApp.request('POST', `/api/v1/agent/tasks/${id}/${what}`, body);

describe('a task of a project', () => {
  test('is done in a worktree of its own', async () => {
    const { project_id, folder } = await register();
    const task = await done(project_id, 'change');
    expect(task).toMatchObject({
      status: 'completed',
      branch: `borgos/task-${task.id}`,
      review: 'awaiting',
    });
    expect(existsSync(path.join(folder, 'changed.txt'))).toBe(false);
    expect(await git(folder, 'status', '--porcelain')).toBe('');
    expect(await worktreeOf(task.id)).toContain(testApp.home);
  });

  test('is refused where there is no git', async () => {
    const folder = await makeProjectFolder({ 'a.txt': 'a\n' });
    onTestFinished(() => folder[Symbol.asyncDispose]());
    const { id } = await testApp.client.projects.create({ name: 'Plain', path: folder.path });
    const { status, body } = await testApp.request('POST', '/api/v1/agent/task', {
      project_id: id,
      agent_type: 'fake',
      description: 'x',
    });
    expect(status).toBe(400);
    expect(body.code).toBe('PROJECT_NOT_A_REPOSITORY');
    expect(body.message).toContain('git init');
  });

  test('leaves nothing behind when it changes nothing', async () => {
    const { project_id, folder } = await register();
    const { id } = await done(project_id, 'succeed');
    const task = await waitFor('the worktree to go', async () => {
      const task = await testApp.client.agentTasks.get({ id });
      return task.review === 'none' && task;
    });
    expect(task.branch).toBeNull();
    expect(await git(folder, 'branch', '--list', 'borgos/*')).toBe('');
    expect(await git(folder, 'worktree', 'list')).not.toContain('task-');
  });

  test('keeps its worktree when it is cancelled with changes in it', async () => {
    const { project_id } = await register();
    const { task_id } = await testApp.client.agentTasks.create({
      project_id,
      agent_type: 'fake',
      description: 'behave: slow',
    });
    const worktree = await worktreeOf(task_id);
    await writeFile(path.join(worktree, 'half.txt'), 'half\n');
    await testApp.client.agentTasks.cancel({ id: task_id });
    expect(await ended(task_id)).toMatchObject({ status: 'cancelled', review: 'awaiting' });
    expect(existsSync(path.join(worktree, 'half.txt'))).toBe(true);
  });

  test('runs nothing that the repository names', async () => {
    const { project_id, folder } = await register({
      '.gitattributes': '* filter=evil diff=evil merge=evil\n',
      'README.md': '# Shop\n',
    });
    const trap = path.join(folder, '..', `${path.basename(folder)}-trap`);
    onTestFinished(() => run('rm', ['-rf', trap, `${trap}.sh`]).then(() => {}));
    await writeFile(`${trap}.sh`, `#!/bin/sh\ntouch ${trap}\ncat\n`);
    await chmod(`${trap}.sh`, 0o755);
    await writeFile(path.join(folder, '.git/hooks/post-checkout'), `#!/bin/sh\ntouch ${trap}\n`);
    await chmod(path.join(folder, '.git/hooks/post-checkout'), 0o755);
    for (const name of [
      ...['filter.evil.clean', 'filter.evil.smudge', 'filter.evil.process', 'diff.evil.textconv'],
      ...['diff.evil.command', 'merge.evil.driver', 'core.fsmonitor', 'diff.external'],
    ]) {
      await git(folder, 'config', name, `${trap}.sh`);
    }
    const { id } = await done(project_id, 'change');
    expect((await testApp.client.agentReviews.diff({ id })).files_changed).toBe(1);
    expect((await post(id, 'approve')).status).toBe(200);
    expect(existsSync(trap)).toBe(false);
  });
});

describe('a diff', () => {
  test('shows what was changed, committed or not', async () => {
    const { project_id } = await register({
      'a.txt': 'one\ntwo\n',
      'b.txt': 'b\n',
      '.gitignore': 'x\n',
    });
    const { id } = await done(project_id, 'change');
    const worktree = await worktreeOf(id);
    await writeFile(path.join(worktree, 'a.txt'), 'one\n2\nthree\n');
    await git(worktree, 'mv', 'b.txt', 'c.txt');
    await git(worktree, 'commit', '--quiet', '--all', '--message=Half');
    await writeFile(path.join(worktree, 'binary'), Buffer.from([0, 1, 2]));
    await writeFile(path.join(worktree, 'x'), 'ignored\n');
    const diff = await testApp.client.agentReviews.diff({ id });
    expect(diff).toMatchObject({
      base_branch: 'main',
      files_changed: 4,
      additions: 3,
      deletions: 1,
    });
    expect(diff.files).toMatchObject([
      {
        path: 'a.txt',
        status: 'modified',
        additions: 2,
        deletions: 1,
        hunks: [
          {
            old_start: 1,
            old_lines: 2,
            new_start: 1,
            new_lines: 3,
            text: ' one\n-two\n+2\n+three\n',
          },
        ],
      },
      { path: 'binary', status: 'added', is_binary: true, hunks: [] },
      { path: 'c.txt', old_path: 'b.txt', status: 'renamed' },
      { path: 'changed.txt', status: 'added', hunks: [{ text: '+by the agent\n' }] },
    ]);
    expect(await git(worktree, 'status', '--porcelain')).toContain('?? changed.txt');
  });

  test('has a bound', async () => {
    const { project_id } = await register();
    const { id } = await done(project_id, 'change');
    const worktree = await worktreeOf(id);
    await writeFile(path.join(worktree, 'long.txt'), `${'0123456789'.repeat(10)}\n`.repeat(30_000));
    const diff = await testApp.client.agentReviews.diff({ id });
    expect(diff).toMatchObject({ truncated: true, files_changed: 2, additions: 30_001 });
    expect(JSON.stringify(diff).length).toBeLessThan(2_000_000);
  });
});

describe('an approval of changes', () => {
  test('merges them into a clean checkout', async () => {
    const { project_id, folder } = await register();
    const { id } = await done(project_id, 'change');
    const { tree } = await testApp.client.agentReviews.diff({ id });
    const { status, body } = await post(id, 'approve', { tree });
    expect(status).toBe(200);
    expect(body).toMatchObject({ branch: null, message: expect.stringContaining('into main') });
    expect(await readFile(path.join(folder, 'changed.txt'), 'utf8')).toBe('by the agent\n');
    expect(await git(folder, 'status', '--porcelain')).toBe('');
    expect(await git(folder, 'rev-parse', 'main')).toBe(body.commit);
    expect(await git(folder, 'log', '-1', '--format=%s')).toBe('Change something');
    expect(await testApp.client.agentTasks.get({ id })).toMatchObject({ review: 'approved' });
    expect((await post(id, 'approve')).status).toBe(409);
    const told = (await testApp.eventsOf(id)).find(({ type }) => type === 'task_reviewed');
    expect(told?.data).toMatchObject({ decision: 'approved', merged_into: 'main' });
  });

  test('merges them beside what was committed meanwhile', async () => {
    const { project_id, folder } = await register();
    const { id } = await done(project_id, 'change');
    await writeFile(path.join(folder, 'mine.txt'), 'mine\n');
    await git(folder, 'add', '--all');
    await git(folder, 'commit', '--quiet', '--message=Mine');
    expect((await post(id, 'approve')).status).toBe(200);
    expect(existsSync(path.join(folder, 'changed.txt'))).toBe(true);
    expect(existsSync(path.join(folder, 'mine.txt'))).toBe(true);
    expect(await git(folder, 'status', '--porcelain')).toBe('');
  });

  test('does not touch a checkout with changes', async () => {
    const { project_id, folder } = await register();
    const { id } = await done(project_id, 'change');
    await writeFile(path.join(folder, 'README.md'), '# Mine\n');
    const before = await git(folder, 'rev-parse', 'main');
    const { status, body } = await post(id, 'approve');
    expect(status).toBe(409);
    expect(body.message).toContain('not committed');
    expect(await git(folder, 'rev-parse', 'main')).toBe(before);
    expect(await readFile(path.join(folder, 'README.md'), 'utf8')).toBe('# Mine\n');
    const kept = await post(id, 'approve', { merge: false });
    expect(kept.body).toMatchObject({ branch: `borgos/task-${id}` });
    expect(await git(folder, 'show', `borgos/task-${id}:changed.txt`)).toBe('by the agent');
  });

  test('does not overwrite a file that git does not know', async () => {
    const { project_id, folder } = await register();
    const { id } = await done(project_id, 'change');
    await writeFile(path.join(folder, 'changed.txt'), 'mine\n');
    expect((await post(id, 'approve')).status).toBe(409);
    expect(await readFile(path.join(folder, 'changed.txt'), 'utf8')).toBe('mine\n');
  });

  test('tells of conflicts, and changes nothing', async () => {
    const { project_id, folder } = await register({ 'changed.txt': 'at first\n' });
    const { id } = await done(project_id, 'change');
    await writeFile(path.join(folder, 'changed.txt'), 'mine\n');
    await git(folder, 'commit', '--quiet', '--all', '--message=Mine');
    const before = await git(folder, 'rev-parse', 'main');
    const { status, body } = await post(id, 'approve');
    expect(status).toBe(409);
    expect(body.message).toContain('changed.txt');
    expect(await git(folder, 'rev-parse', 'main')).toBe(before);
    expect(await git(folder, 'status', '--porcelain')).toBe('');
  });

  test('is of what was shown', async () => {
    const { project_id } = await register();
    const { id } = await done(project_id, 'change');
    const { tree } = await testApp.client.agentReviews.diff({ id });
    await writeFile(path.join(await worktreeOf(id), 'later.txt'), 'later\n');
    const { status, body } = await post(id, 'approve', { tree });
    expect(status).toBe(409);
    expect(body.message).toContain('look at it again');
  });

  test('changes a branch that is not checked out, too', async () => {
    const { project_id, folder } = await register();
    const { id } = await done(project_id, 'change');
    await git(folder, 'checkout', '--quiet', '-b', 'other');
    expect((await post(id, 'approve')).status).toBe(200);
    expect(await git(folder, 'show', 'main:changed.txt')).toBe('by the agent');
    expect(existsSync(path.join(folder, 'changed.txt'))).toBe(false);
  });
});

describe('a rejection', () => {
  test('keeps what was changed on its branch', async () => {
    const { project_id, folder } = await register();
    const { id } = await done(project_id, 'change');
    const worktree = await worktreeOf(id);
    const { status, body } = await post(id, 'reject');
    expect(status).toBe(200);
    expect(body.branch).toBe(`borgos/task-${id}`);
    expect(existsSync(worktree)).toBe(false);
    expect(await git(folder, 'show', `borgos/task-${id}:changed.txt`)).toBe('by the agent');
  });

  test('removes the branch, too, when it is asked to', async () => {
    const { project_id, folder } = await register();
    const { id } = await done(project_id, 'change');
    const { body } = await post(id, 'reject', { delete_branch: true });
    expect(body).toMatchObject({ branch: null, commit: null });
    expect(await git(folder, 'branch', '--list', 'borgos/*')).toBe('');
  });
});

describe('a comment', () => {
  test('goes on with the session, in the same worktree', async () => {
    const { project_id } = await register();
    const { id } = await done(project_id, 'change');
    const { status } = await post(id, 'comment', { comment: 'behave: where' });
    expect(status).toBe(202);
    const task = await ended(id, 2);
    const where = JSON.parse(String(task.output_data?.text));
    expect(where).toMatchObject({ session: 'session-1', cwd: await worktreeOf(id) });
    expect(where.prompt).toContain('behave: where');
    const { data } = await testApp.client.agentTasks.events({ id, type: ['comment'] });
    expect(data).toMatchObject([{ data: { text: 'behave: where', by: 'local' } }]);
    expect(task.review).toBe('awaiting');
  });

  test('is refused where the agent keeps no session', async () => {
    const { project_id } = await register();
    const { id } = await done(project_id, 'change', { agent_type: 'fake-text' });
    expect((await post(id, 'comment', { comment: 'more' })).status).toBe(409);
  });
});
