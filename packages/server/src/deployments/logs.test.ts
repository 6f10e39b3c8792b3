import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AppLogs, createAppLogs } from '../app-log/app-logs.ts';
import { type PrintOptions, print } from '../app-log/testing/printing.ts';
import { createDeploymentLogs, type DeploymentLogs, type LogsQuery } from './deployment-logs.ts';
import { lastAppLines, lastBuildLines, logFiles } from './logs.ts';
import { createRedactor } from './redact.ts';

let home: string;
let logs: AppLogs;
let reading: DeploymentLogs;
let secrets: string[] = [];
const id = 7;
const signal = new AbortController().signal;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'borgos-logs-'));
  logs = createAppLogs({ cap: 256 * 1024, segment: 32 * 1024 });
  secrets = [];
  reading = createDeploymentLogs({
    logs,
    files: logFiles(home),
    redactorFor: async () => createRedactor(secrets),
    exists: async () => true,
    isBuilding: async () => false,
  });
});
afterEach(async () => {
  await logs.close();
  await rm(home, { recursive: true });
});

const defaults: LogsQuery = {
  ...{ stream: 'app', max_bytes: 65_536, lines: false, follow: false, limit: 100 },
};
const prints = (text: string | Buffer, options?: PrintOptions) =>
  print(logs, logFiles(home).app(id), text, options);
const read = (query: Partial<LogsQuery> = {}) =>
  reading.read(id, { ...defaults, ...query }, 1, signal);
const texts = async (query: Partial<LogsQuery>) =>
  (await read({ ...query, lines: true })).lines?.map(({ text }) => text);

async function streamed(query: Partial<LogsQuery>): Promise<string[]> {
  const { ndjson } = await reading.stream(id, { ...defaults, ...query }, 1, signal);
  let all = '';
  for await (const text of ndjson) all += text;
  return all.split('\n').filter((line) => line !== '');
}

describe('reading a log', () => {
  test('what was never written is empty', async () => {
    expect(await read()).toMatchObject({
      ...{ content: '', offset: 0, next_offset: 0, size: 0 },
      ...{ oldest_offset: 0, kept_bytes: 0, cap_bytes: 256 * 1024, truncated: false },
    });
    expect(await read({ stream: 'build' })).toMatchObject({ content: '', size: 0, revision: 1 });
  });

  test('without an offset it is the last whole lines; with tail so many of them', async () => {
    await prints('one\ntwo\nthree\n');
    expect(await read()).toMatchObject({ content: 'one\ntwo\nthree\n', offset: 0 });
    expect(await read({ max_bytes: 70 })).toMatchObject({ content: 'two\nthree\n' });
    expect(await texts({ tail: 1 })).toEqual(['three']);
    expect(await texts({ tail: 0 })).toEqual([]);
  });

  test('tells of each line its time, stream, revision and generation', async () => {
    await prints('out\n', { revision: 1, generation: 1 });
    await prints('err\n', { revision: 2, generation: 3, stream: 'stderr' });
    const { lines } = await read({ lines: true });
    expect(lines).toEqual([
      {
        ...{ offset: 0, text: 'out', stream: 'stdout', revision: 1, generation: 1 },
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      },
      {
        ...{ offset: expect.any(Number), text: 'err', stream: 'stderr', revision: 2 },
        ...{ generation: 3, timestamp: expect.any(String) },
      },
    ]);
    expect((await read({ stream: 'stderr' })).content).toBe('err\n');
    expect((await read({ stream: 'stdout' })).content).toBe('out\n');
    expect((await read({ revision: 2 })).content).toBe('err\n');
  });

  test('following by next_offset gives every line once, whatever the size of the pieces', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\r', '\0', 'é') });
    const printed = fc.array(fc.tuple(line, fc.boolean()));
    await fc.assert(
      fc.asyncProperty(printed, fc.integer({ min: 1, max: 120 }), async (lines, max_bytes) => {
        await logs.remove(logFiles(home).app(id));
        for (const [text, isError] of lines) {
          await prints(`${text}\n`, { stream: isError ? 'stderr' : 'stdout' });
        }
        let all = '';
        for (let offset = 0; ; ) {
          const piece = await read({ offset, max_bytes });
          expect(piece.offset).toBe(offset);
          all += piece.content;
          expect(piece.truncated).toBe(piece.next_offset < piece.size);
          if (!piece.truncated) break;
          expect(piece.next_offset).toBeGreaterThan(offset);
          offset = piece.next_offset;
        }
        expect(all).toBe(lines.map(([text]) => `${text}\n`).join(''));
      }),
      { numRuns: 25 },
    );
  });

  test('an offset within a line is taken as that of the line', async () => {
    await prints('one\ntwo\n');
    const [, second] = (await read({ lines: true })).lines ?? [];
    const offset = second?.offset ?? 0;
    for (const inside of [offset, offset + 1, offset + 25]) {
      expect(await read({ offset: inside })).toMatchObject({ offset, content: 'two\n' });
    }
  });

  test('keeps ANSI codes, shows what is no UTF-8, and says which lines go on', async () => {
    await prints('\u001b[31mred\u001b[0m\n');
    await prints(Buffer.from([0x61, 0xff, 0x00, 0x62, 0x0a]));
    await prints(`${'é'.repeat(8192)}é rest\n`);
    const { lines, content } = await read({ lines: true });
    expect(lines?.map(({ text, continues }) => [text, continues])).toEqual([
      ['\u001b[31mred\u001b[0m', undefined],
      ['a\ufffd\0b', undefined],
      ['é'.repeat(8192), true],
      ['é rest', undefined],
    ]);
    expect(content).toContain(`${'é'.repeat(8193)} rest\n`);
  });

  test('old lines are removed over the cap; offsets stay, and it says what is kept', async () => {
    for (let number = 0; number < 10_000; number += 1) {
      if (number % 500 === 0) {
        const some = Array.from({ length: 500 }, (_, at) => `line ${number + at}\n`);
        await prints(some.join(''));
      }
    }
    const all = await read({ max_bytes: 1_048_576, offset: 0 });
    expect(all.kept_bytes).toBeLessThanOrEqual(all.cap_bytes);
    expect(all.kept_bytes).toBeGreaterThan(all.cap_bytes - 3 * 32 * 1024);
    expect(all.oldest_offset).toBe(all.size - all.kept_bytes);
    expect(all.offset).toBe(all.oldest_offset);
    const numbers = all.content.trim().split('\n');
    const first = Number(numbers[0]?.slice(5));
    expect(first).toBeGreaterThan(0);
    expect(numbers).toEqual(numbers.map((_, at) => `line ${first + at}`));
    expect(numbers.at(-1)).toBe('line 9999');
    const [gap] = await streamed({ offset: 5 });
    expect(JSON.parse(gap ?? '')).toEqual({ gap: { offset: 5, next_offset: all.oldest_offset } });
  });

  test('the last lines are those after a place', async () => {
    const worker = { logs, files: logFiles(home) };
    const none = createRedactor([]);
    await prints('before\n');
    const { size: start } = await read();
    await prints('one\ntwo\nthree\n');
    expect(await lastAppLines(worker, id, { start, count: 2 }, none)).toBe('two\nthree');
    expect(await lastAppLines(worker, id, { start, count: 9 }, none)).toBe('one\ntwo\nthree');
    const file = path.join(home, 'build.log');
    await writeFile(file, 'first\nsecond\nthird');
    expect(await lastBuildLines(file, 2, none)).toBe('second\nthird');
  });

  test('a build is read, searched and streamed in the same way', async () => {
    const files = logFiles(home);
    await prints('x');
    await writeFile(files.build(id, 2), `step 1\n\u001b[1mstep\u001b[0m 2\nerror\n`);
    const build = { stream: 'build', revision: 2 } as const;
    expect(await read({ ...build, offset: 7, max_bytes: 18 })).toMatchObject({
      ...{ content: '\u001b[1mstep\u001b[0m 2\n', offset: 7, next_offset: 22 },
    });
    expect(await texts({ ...build, query: 'STEP 2' })).toEqual(['\u001b[1mstep\u001b[0m 2']);
    const lines = (await streamed({ ...build, tail: 1 })).map((line) => JSON.parse(line));
    expect(lines).toEqual([
      {
        ...{ offset: 22, timestamp: null, stream: 'build', revision: 2, generation: null },
        text: 'error',
      },
    ]);
  });
});

describe('searching', () => {
  test('finds parts of lines whatever their case and colours, newest first, and goes on', async () => {
    for (let number = 0; number < 50; number += 1) {
      await prints(`GET /items/${number} \u001b[32m200\u001b[0m\nother ${number}\n`);
    }
    const first = await read({ query: 'get /items', limit: 20 });
    expect(first).toMatchObject({ truncated: true });
    expect(first.lines?.[0]?.text).toContain('/items/49');
    const second = await read({ query: 'get /items', limit: 100, offset: first.next_offset });
    expect(second.truncated).toBe(false);
    const all = [...(first.lines ?? []), ...(second.lines ?? [])].map(({ text }) => text);
    expect(all).toEqual(
      Array.from({ length: 50 }, (_, at) => `GET /items/${49 - at} \u001b[32m200\u001b[0m`),
    );
    expect(await texts({ query: '/items/7 200', order: 'oldest' })).toHaveLength(1);
    const oldest = await read({ query: 'other', order: 'oldest', limit: 2 });
    expect(oldest.content).toBe('other 0\nother 1\n');
    const next = await read({
      query: 'other',
      order: 'oldest',
      limit: 1,
      offset: oldest.next_offset,
    });
    expect(next.content).toBe('other 2\n');
    expect(await texts({ query: 'nowhere' })).toEqual([]);
  });

  test('looks only at what is shown: a secret is not found by its parts', async () => {
    secrets = ['correct-horse'];
    await prints('key correct-horse end\nanother horse\n');
    expect(await texts({ query: 'horse' })).toEqual(['another horse']);
    expect(await texts({ query: 'key [redacted]' })).toEqual(['key [redacted] end']);
    expect(await texts({ query: 'redact' })).toEqual(['key [redacted] end']);
  });
});

describe('a log that is redacted', () => {
  test('shows no part of a secret, in whatever pieces it is printed and read', async () => {
    secrets = ['correct-horse-battery', 'first line\nsecond line'];
    await prints('é start\n1 correct-hor');
    await prints('other\n', { stream: 'stderr' });
    await prints('se-battery 2\nfirst line\n');
    await prints('other\n', { stream: 'stderr', generation: 2 });
    await prints(`second line\n${'x'.repeat(16 * 1024 - 10)}correct-horse-battery\nend\n`);
    const { size } = await read();
    for (let max_bytes = 1; max_bytes <= size; max_bytes += 37) {
      let shown = '';
      for (let offset = 0; offset < size; ) {
        const piece = await read({ offset, max_bytes });
        shown += piece.content;
        offset = piece.next_offset;
      }
      expect(shown).not.toMatch(/correct|hor|battery|first|second|line/);
      expect(shown).toMatch(/start[\s\S]*other[\s\S]* 2\n[\s\S]*other[\s\S]*xx[\s\S]*end\n$/);
    }
    expect((await streamed({ offset: 0 })).join('')).not.toMatch(/correct|hor|battery|first|line/);
  });
});
