import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

const run = promisify(execFile);
let testApp: TestApp;
let folder: string;

beforeAll(async () => {
  testApp = await startTestApp();
});
afterAll(() => testApp.close());
beforeEach(async () => {
  const made = await mkdtemp(path.join(tmpdir(), 'borgos-hostile-'));
  folder = path.join(made, 'project');
  await mkdir(folder);
  onTestFinished(() => rm(made, { recursive: true, force: true }));
});

const write = (name: string, content: string | Buffer) =>
  writeFile(path.join(folder, name), content);

async function scan() {
  const { id } = await testApp.client.projects.create({ name: 'Hostile', path: folder });
  const { scan_id } = await testApp.client.scans.start({ id });
  const scan = await waitFor(`scan ${scan_id} to end`, async () => {
    const scan = await testApp.client.scans.get({ id, scan_id });
    return scan.finished_at !== null && scan;
  });
  return { scan, project: await testApp.client.projects.get({ id }) };
}

test('files of every odd kind neither stop a scan nor are they opened', async () => {
  await write('good.py', 'x = 1\n');
  await run('mkfifo', [path.join(folder, 'pipe.py')]);
  const server = createServer().listen(path.join(folder, 'socket.js'));
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  await symlink('.', path.join(folder, 'circle'));
  await symlink('/etc/passwd', path.join(folder, 'passwd.py'));
  await symlink('nowhere', path.join(folder, 'dangling'));
  await write('new\nline.py', 'y = 1\n');
  await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe, 0x2e])]), 'z');
  const { scan: result, project } = await scan();
  expect(result).toMatchObject({ status: 'completed', errors_found: 0, lines_of_code: 2 });
  expect(project.metadata).toMatchObject({ symlinks: 3, special_files: 2 });
  expect(JSON.stringify(project)).not.toContain('root:x:');
});

test('content of every odd kind is passed over or reported', async () => {
  await write('binary.py', Buffer.from([0, 1, 2, 255, 254]));
  await write('nul.js', 'var a = 1;\0\0\0');
  await write('utf16.py', Buffer.from('\ufeffx = 1\n', 'utf16le'));
  await write('latin1.c', Buffer.from('/* caf\xe9 */ int x;\n', 'latin1'));
  await write('line.js', `var x = "${'a'.repeat(50 * 1024 * 1024)}";`);
  await write('deep.json', '['.repeat(100_000));
  await write('deep.js', `x = ${'('.repeat(100_000)}`);
  await write('deep.py', `x = ${'['.repeat(100_000)}`);
  const bomb = Array.from(
    { length: 12 },
    (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}, *a${n}]`,
  );
  await write('bomb.yaml', `a0: &a0 [x]\n${bomb.join('\n')}\n`);
  const entities = Array.from(
    { length: 9 },
    (_, n) => `<!ENTITY l${n + 1} "&l${n};&l${n};&l${n};">`,
  );
  await write(
    'pom.xml',
    `<!DOCTYPE p [<!ENTITY l0 "lol">${entities.join('')}]><project>&l9;</project>`,
  );
  await write('package.json', '{ "name": 1, "dependencies": [1, 2');
  await write('conflict.py', '<<<<<<< HEAD\na = 1\n=======\na = 2\n>>>>>>> other\n');
  const { scan: result, project } = await scan();
  expect(result.status).toBe('completed');
  const faulty = new Map(project.errors.map(({ file, type }) => [file, type]));
  expect(faulty.get('conflict.py')).toBe('conflict');
  expect(faulty.has('package.json')).toBe(true);
  const skipped: { path: string }[] = Object(project.metadata).skipped;
  const reported = [...faulty.keys(), ...skipped.map(({ path }) => path)];
  for (const name of ['deep.json', 'deep.js', 'deep.py', 'line.js']) {
    expect(reported, name).toContain(name);
  }
  expect(faulty.has('latin1.c')).toBe(false);
}, 60_000);

test('a folder that may not be entered is reported', async () => {
  await mkdir(path.join(folder, 'closed'));
  await write('closed/x.py', 'x = 1\n');
  await chmod(path.join(folder, 'closed'), 0);
  onTestFinished(() => chmod(path.join(folder, 'closed'), 0o700));
  const { scan: result, project } = await scan();
  expect(result.status).toBe('completed');
  // Root may enter it all the same.
  const unreadable = process.geteuid?.() === 0 ? 0 : 1;
  expect(project.metadata.unreadable_files).toBe(unreadable);
});

test('a repository with hostile settings makes git run nothing', async () => {
  const canary = path.join(folder, '..', 'canary');
  const command = `touch ${canary}`;
  const git = (...args: string[]) => run('git', ['-C', folder, ...args]);
  await git('init', '-q');
  await write('a.txt', 'one\n');
  await write('.gitattributes', '* filter=evil diff=evil\n');
  await git('add', '.');
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  await git(...who, 'commit', '-q', '-m', 'Begin');
  await write('a.txt', 'two\n');
  await write('hook.sh', `#!/bin/sh\n${command}\n`);
  await chmod(path.join(folder, 'hook.sh'), 0o755);
  const settings = {
    'core.fsmonitor': command,
    'core.pager': command,
    'core.sshCommand': command,
    'core.hooksPath': folder,
    'filter.evil.clean': command,
    'filter.evil.smudge': command,
    'diff.evil.textconv': command,
    'diff.external': command,
    'gpg.program': command,
    'log.showSignature': 'true',
    'alias.log': `!${command}`,
    'credential.helper': `!${command}`,
    'include.path': path.join(folder, 'more-settings'),
  };
  for (const [name, value] of Object.entries(settings)) await git('config', name, value);
  await rm(canary, { force: true });
  const { scan: result, project } = await scan();
  expect(result.status).toBe('completed');
  expect(project.metadata.git).toMatchObject({ is_dirty: true });
  expect(existsSync(canary)).toBe(false);
});
