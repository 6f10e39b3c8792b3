import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeProjectFolder } from '../../testing/project-folder.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { updateIndex } from './update-index.ts';

/** More by hand, as each takes some seconds. */
const rounds = Number(process.env.CRASH_ROUNDS ?? 2);

function indexFile(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'borgos-index-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'index.db');
}

function python(name: string): string {
  return `def ${name}(value):\n    return value + 1\n`;
}

function rowsOf(file: string, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

function pathsWith(file: string, term: string): unknown[] {
  return rowsOf(
    file,
    `select path from files where id in (select rowid / 4096 from words where words match '${term}')`,
  ).map((row) => row.path);
}

describe('an index', () => {
  test('takes files that were changed between two milliseconds', async () => {
    await using folder = await makeProjectFolder({ 'a.py': python('load_users') });
    utimesSync(path.join(folder.path, 'a.py'), 1_700_000_000.1234, 1_700_000_000.1234);
    const file = indexFile();
    const request = { directory: folder.path, file, isUnknown: false };
    expect(updateIndex(request).filesChanged).toBe(1);
    expect(updateIndex(request).filesChanged).toBe(0);
  });

  test('has bm25 scores that differ: with less detail all of them would be 0', async () => {
    await using folder = await makeProjectFolder({
      'a.py': python('load_users'),
      'b.py': python('save'),
    });
    const file = indexFile();
    updateIndex({ directory: folder.path, file, isUnknown: false });
    const ranks = rowsOf(file, `select rank from words where words match 'user OR valu'`);
    expect(new Set(ranks.map(({ rank }) => rank)).size).toBe(2);
    expect(ranks.every(({ rank }) => Number(rank) < 0)).toBe(true);
  });

  test('reads again only what has changed, and forgets what is gone', async () => {
    await using folder = await makeProjectFolder({
      'a.py': python('alpha'),
      'b.py': python('beta'),
    });
    const file = indexFile();
    const update = () => updateIndex({ directory: folder.path, file, isUnknown: false });
    // Older than what a clock may be wrong by.
    for (const name of ['a.py', 'b.py']) utimesSync(path.join(folder.path, name), 1e9, 1e9);
    expect(update()).toMatchObject({ filesChanged: 2, filesTotal: 2 });
    expect(update()).toMatchObject({ filesChanged: 0, rebuilt: null });
    await folder.write({ 'a.py': python('gamma') });
    rmSync(path.join(folder.path, 'b.py'));
    expect(update()).toMatchObject({ filesChanged: 2, filesTotal: 1 });
    expect([pathsWith(file, 'gamma'), pathsWith(file, 'alpha'), pathsWith(file, 'beta')]).toEqual([
      ['a.py'],
      [],
      [],
    ]);
  });

  test('is written again and again, also where FTS5 numbers its own rows beyond what JavaScript counts', async () => {
    await using folder = await makeProjectFolder();
    const file = indexFile();
    for (let round = 0; round < 4; round += 1) {
      const functions = Array.from({ length: 300 }, (_, n) => python(`round_${round}_of_${n}`));
      await folder.write({ 'a.py': functions.join('\n'), 'b.py': python(`small_${round}`) });
      const result = updateIndex({ directory: folder.path, file, isUnknown: false });
      expect(result).toMatchObject({ filesChanged: 2, rebuilt: null });
    }
    expect(pathsWith(file, 'small')).toEqual(['b.py']);
  });

  test('sees a change that keeps the size, in the very moment of the look before', async () => {
    await using folder = await makeProjectFolder({ 'a.py': python('alpha') });
    const file = indexFile();
    const update = () => updateIndex({ directory: folder.path, file, isUnknown: false });
    update();
    const { atime, mtime } = statSync(path.join(folder.path, 'a.py'));
    await folder.write({ 'a.py': python('omega') });
    utimesSync(path.join(folder.path, 'a.py'), atime, mtime);
    update();
    expect(pathsWith(file, 'omega')).toEqual(['a.py']);
  });

  test.each([
    ['cut', (file: string) => truncateSync(file, 10_000)],
    ['zeroed', (file: string) => writeFileSync(file, Buffer.alloc(statSync(file).size))],
    ['overwritten in its middle', (file: string) => overwrite(file)],
    ['of another format', (file: string) => setFormat(file)],
    [
      'no database',
      (file: string) => writeFileSync(file, 'something else entirely, and long enough'),
    ],
  ])('that is %s is made anew by itself', async (_, damage) => {
    const files = Object.fromEntries(
      Array.from({ length: 50 }, (_, n) => [`m${n}.py`, python(`function_number_${n}`).repeat(20)]),
    );
    await using folder = await makeProjectFolder(files);
    const file = indexFile();
    const update = () => updateIndex({ directory: folder.path, file, isUnknown: true });
    update();
    damage(file);
    const result = update();
    expect(result).toMatchObject({ filesChanged: 50, rebuilt: expect.any(String) });
    expect(pathsWith(file, 'number')).toHaveLength(50);
  });

  test('leaves binaries and what is too large alone, and knows them the next time', async () => {
    await using folder = await makeProjectFolder({
      'a.bin': 'a\0b',
      'large.txt': 'x'.repeat(5_000_000),
    });
    const file = indexFile();
    const update = () => updateIndex({ directory: folder.path, file, isUnknown: false });
    expect(update()).toMatchObject({ filesDone: 2, filesTotal: 2 });
    expect(rowsOf(file, 'select count(*) as n from trigrams_docsize')).toEqual([{ n: 0 }]);
  });
});

test('what was committed is there after the builder was killed, and it goes on from there', {
  timeout: 60_000 * rounds,
}, async () => {
  const files = Object.fromEntries(
    Array.from({ length: 400 }, (_, n) => [`m${n}.py`, python(`function_number_${n}`).repeat(100)]),
  );
  await using folder = await makeProjectFolder(files);
  for (let round = 0; round < rounds; round += 1) {
    const file = indexFile();
    const request = JSON.stringify({ directory: folder.path, file, isUnknown: true });
    const builder = new URL('./update-index.ts', import.meta.url).href;
    const code = `import { updateIndex } from '${builder}'; updateIndex(${request}, { commitBytes: 50_000 });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    await waitFor(
      'the builder to write',
      async () =>
        (existsSync(`${file}-wal`) && statSync(`${file}-wal`).size > 200_000 + round * 100_000) ||
        child.exitCode !== null,
    );
    child.kill('SIGKILL');
    await ended;
    const [before] = rowsOf(file, 'select count(*) as n from files');
    const result = updateIndex({ directory: folder.path, file, isUnknown: true });
    // None of it was done in vain, and nothing is damaged.
    expect(result.rebuilt).toBeNull();
    expect(result.filesTotal).toBe(400);
    expect(Number(before?.n)).toBeGreaterThan(0);
    expect(rowsOf(file, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(pathsWith(file, 'number')).toHaveLength(400);
  }
});

function overwrite(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('pragma wal_checkpoint(truncate)');
  database.close();
  const { size } = statSync(file);
  const noise = Buffer.alloc(size - 8_192, 0xa5);
  const whole = Buffer.concat([readStart(file), noise]);
  writeFileSync(file, whole);
}

function readStart(file: string): Buffer {
  return readFileSync(file).subarray(0, 8_192);
}

function setFormat(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('pragma user_version = 0');
  database.close();
}
