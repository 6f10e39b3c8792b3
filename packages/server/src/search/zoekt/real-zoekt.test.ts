import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProjectFolder } from '../../testing/project-folder.ts';
import { waitFor } from '../../testing/wait-for.ts';
import type { CodeEngine, CodeQuery, SearchedProject } from '../code-engine.ts';
import { queryOf } from '../testing/parsed-query.ts';
import { createZoektEngine } from './zoekt-engine.ts';

const run = promisify(execFile);
const binaries = process.env.BORGOS_TEST_ZOEKT ?? '';

const files = {
  'auth.py':
    'import os\n\n\ndef authenticate_user(username, password):\n    """Checks the password."""\n    if "é" in username: authenticate_user(username, password)\n    return password == os.environ[username]\n',
  'src/api/session.ts':
    'export function openSession(user: string) {\n  // a.b("x\\n") or lang:go\n  return user;\n}\n',
  'test/session.test.ts': "openSession('mock');\nopenSession('real');\n",
  'src/code.cpp': 'int openSession = 0;\n',
};

let folder: string;
let server: ChildProcess;
let projects: SearchedProject[];
const folders: Awaited<ReturnType<typeof makeProjectFolder>>[] = [];
let engine: CodeEngine;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'borgos-zoekt-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  projects = [];
  for (const id of [1, 2]) {
    const project = await makeProjectFolder(
      id === 1 ? files : { 'other.py': 'authenticate = 1\n' },
    );
    folders.push(project);
    cleanups.push(async () => project[Symbol.asyncDispose]());
    await run(join(binaries, 'zoekt-index'), ['-index', folder, project.path]);
    projects.push({ id, name: `Project ${id}`, path: project.path });
  }
  const port = await freePort();
  const listen = `127.0.0.1:${port}`;
  server = spawn(
    join(binaries, 'zoekt-webserver'),
    ['-listen', listen, '-index', folder, '-rpc', '-html=false'],
    { stdio: 'ignore' },
  );
  const log = pino({ level: 'silent' });
  engine = createZoektEngine({ url: `http://${listen}`, log });
  await waitFor('zoekt to find something', () =>
    engine.search(question({ literals: ['authenticate = 1'] })).then(
      ({ hits }) => hits.length > 0,
      () => false,
    ),
  );
});

afterAll(async () => {
  server?.kill('SIGKILL');
  for (const cleanup of cleanups) await cleanup();
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

function question(query: Parameters<typeof queryOf>[0], parts: Partial<CodeQuery> = {}): CodeQuery {
  return {
    query: queryOf(query),
    ...{ projects, limit: 20, contextLines: 2, signal: new AbortController().signal },
    ...parts,
  };
}

async function places(query: Parameters<typeof queryOf>[0], parts: Partial<CodeQuery> = {}) {
  const { hits } = await engine.search(question(query, parts));
  return hits.map(({ projectId, path, line }) => `${projectId} ${path}:${line}`).sort();
}

test('finds words with their lines, ranges and surroundings', async () => {
  const { hits, truncated } = await engine.search(
    question({ words: ['how', 'authenticate', 'password'] }),
  );
  expect(truncated).toBe(false);
  expect(hits[0]).toMatchObject({ projectId: 1, path: 'auth.py' });
  const line = hits.find(({ line }) => line === 6);
  expect(line?.ranges.map((range) => line.content.slice(...range))).toEqual([
    'authenticate',
    'password',
  ]);
  expect(line?.before).toEqual([
    'def authenticate_user(username, password):',
    '    """Checks the password."""',
  ]);
  expect(line?.after).toEqual(['    return password == os.environ[username]']);
  for (const { score } of hits) {
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThanOrEqual(1);
  }
});

test.each([
  [{ literals: ['a.b("x\\n") or lang:go'] }, ['1 src/api/session.ts:2']],
  [{ literals: ['axb'] }, []],
  [{ words: ['lang:go'] }, ['1 src/api/session.ts:2']],
  [{ regexes: ['open\\w+\\("?\'(mock|x)'] }, ['1 test/session.test.ts:1']],
  [{ literals: ['opensession'] }, 4],
  [{ literals: ['opensession'], caseSensitive: true }, 0],
  [{ literals: ['openSession'], caseSensitive: true }, 4],
  [{ words: ['openSession'], languages: { any: ['c++'], not: [] } }, ['1 src/code.cpp:1']],
  [
    { words: ['openSession'], languages: { any: ['typescript'], not: [] } },
    ['1 src/api/session.ts:1', '1 test/session.test.ts:1', '1 test/session.test.ts:2'],
  ],
  [{ words: ['openSession'], languages: { any: [], not: ['typescript'] } }, ['1 src/code.cpp:1']],
  [{ words: ['openSession'], paths: { any: ['src/'], not: ['api'] } }, ['1 src/code.cpp:1']],
  [
    { words: ['openSession'], files: { any: ['*.ts'], not: ['*.test.ts'] } },
    ['1 src/api/session.ts:1'],
  ],
  [
    { words: ['openSession'], files: { any: ['session'], not: [] }, notWords: ['MOCK'] },
    ['1 src/api/session.ts:1', '1 test/session.test.ts:2'],
  ],
  [{ words: ['authenticate'], projects: { any: ['project 2'], not: [] } }, ['2 other.py:1']],
  [{ words: ['authenticate'], projects: { any: [], not: ['Project 1'] } }, ['2 other.py:1']],
])('%j finds %j', async (query, wanted) => {
  const found = await places(query);
  if (typeof wanted === 'number') expect(found).toHaveLength(wanted);
  else expect(found).toEqual(wanted);
});

test('searches the projects that are asked for, and no other', async () => {
  const [, second] = projects;
  expect(await places({ words: ['authenticate'] }, { projects: second ? [second] : [] })).toEqual([
    '2 other.py:1',
  ]);
});

test('a pattern that Go does not know is refused with what Zoekt says', async () => {
  await expect(places({ regexes: ['(?=x)'] })).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    message: expect.stringContaining('invalid or unsupported Perl syntax'),
  });
});

test('tells where a line is now, and nothing of what is gone', async () => {
  await folders[0]?.write({ 'src/code.cpp': `// one more\n${files['src/code.cpp']}` });
  await folders[1]?.write({ 'other.py': '' });
  expect(await places({ words: ['openSession'], languages: { any: ['c++'], not: [] } })).toEqual([
    '1 src/code.cpp:2',
  ]);
  expect(await places({ literals: ['authenticate = 1'] })).toEqual([]);
});

test('says that there is more than was given', async () => {
  const { hits, truncated } = await engine.search(
    question({ literals: ['openSession'] }, { limit: 1 }),
  );
  expect({ count: hits.length, truncated }).toEqual({ count: 1, truncated: true });
});
