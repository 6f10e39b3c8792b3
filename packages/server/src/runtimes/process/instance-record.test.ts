import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exampleSealing, specOf, type Workbench } from './example-app.ts';
import {
  type InstanceRecord,
  newRecord,
  openInstanceRecords,
  resealInstanceRecords,
} from './instance-record.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'borgos-records-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const secret = 'correct horse battery staple';
const environment = { API_KEY: secret };
const record = (name: string): InstanceRecord =>
  newRecord(specOf({ logFile: 'app.log' } as Workbench, 'artifact', { name, environment }), 8000);
const fileOf = (name: string) => join(directory, `${name}.json`);

describe('the record of an instance', () => {
  test('has nothing of the environment on disk that could be read, and is read as it was', async () => {
    const records = await openInstanceRecords(directory, exampleSealing);
    await records.write(record('a'));
    const text = await readFile(fileOf('a'), 'utf8');
    expect(text).not.toContain(secret);
    expect(text).not.toContain('API_KEY');
    const again = await openInstanceRecords(directory, exampleSealing);
    expect(await again.readAll()).toEqual({ records: [record('a')], unreadable: [] });
  });

  test('that an earlier version wrote in plain text is read, and is sealed from then on', async () => {
    await writeFile(fileOf('a'), JSON.stringify(record('a')));
    const records = await openInstanceRecords(directory, exampleSealing);
    expect(await records.readAll()).toEqual({ records: [record('a')], unreadable: [] });
    expect(await readFile(fileOf('a'), 'utf8')).not.toContain(secret);
    expect((await records.readAll()).records).toEqual([record('a')]);
  });

  test('under another name is none', async () => {
    const records = await openInstanceRecords(directory, exampleSealing);
    await records.write(record('a'));
    const text = await readFile(fileOf('a'), 'utf8');
    await writeFile(fileOf('b'), text.replace('"name": "a"', '"name": "b"'));
    expect(await records.readAll()).toEqual({
      records: [record('a')],
      unreadable: [fileOf('b')],
    });
  });

  test('is sealed anew when the key is rotated, each once, whatever else lies there', async () => {
    const records = await openInstanceRecords(directory, exampleSealing);
    await records.write(record('a'));
    await records.write(record('b'));
    await writeFile(fileOf('c'), 'garbage');
    const next = {
      seal: (text: string, context: string) => `new.${exampleSealing.seal(text, context)}`,
      open: (sealed: string, context: string) => exampleSealing.open(sealed.slice(4), context),
    };
    const reseal = (sealed: string, context: string) =>
      sealed.startsWith('new.')
        ? undefined
        : next.seal(exampleSealing.open(sealed, context), context);
    expect(await resealInstanceRecords(directory, reseal)).toBe(2);
    expect(await resealInstanceRecords(directory, reseal)).toBe(0);
    const after = await openInstanceRecords(directory, next);
    expect((await after.readAll()).records).toEqual([record('a'), record('b')]);
    expect(await readdir(directory)).toEqual(['a.json', 'b.json', 'c.json']);
    expect(await resealInstanceRecords(join(directory, 'none'), reseal)).toBe(0);
  });
});
