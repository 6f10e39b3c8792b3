import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lastLines, readLog } from './logs.ts';

let directory: string;
let file: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'borgos-logs-'));
  file = path.join(directory, 'app.log');
});
afterAll(() => rm(directory, { recursive: true }));

describe('reading a log', () => {
  test('what was never written is empty', async () => {
    const piece = await readLog(path.join(directory, 'none.log'), { maxBytes: 100 });
    expect(piece).toEqual({ content: '', offset: 0, next_offset: 0, size: 0 });
  });

  test('without an offset it is the last whole lines', async () => {
    await writeFile(file, 'one\ntwo\nthree\n');
    expect(await readLog(file, { maxBytes: 12 })).toMatchObject({
      content: 'two\nthree\n',
      offset: 4,
      next_offset: 14,
    });
  });

  test('a line longer than the piece is given in pieces', async () => {
    await writeFile(file, 'abcdefgh\n');
    const first = await readLog(file, { offset: 0, maxBytes: 5 });
    expect(first).toMatchObject({ content: 'abcde', next_offset: 5 });
  });

  test('who follows a log that was rotated gets the new one from its start', async () => {
    await writeFile(file, 'old line\n');
    const { next_offset } = await readLog(file, { offset: 0, maxBytes: 100 });
    await truncate(file);
    await appendFile(file, 'new\n');
    const piece = await readLog(file, { offset: next_offset, maxBytes: 100 });
    expect(piece).toMatchObject({ content: 'new\n', offset: 0 });
  });

  test('following by next_offset gives every byte once, whatever the size of the pieces', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\r') });
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 20 }), async (lines, maxBytes) => {
        const text = lines.map((line) => `${line}\n`).join('');
        await writeFile(file, text);
        let read = '';
        for (let offset = 0; offset < text.length; ) {
          const piece = await readLog(file, { offset, maxBytes });
          expect(piece.offset).toBe(offset);
          expect(piece.next_offset).toBeGreaterThan(offset);
          read += piece.content;
          offset = piece.next_offset;
        }
        expect(read).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  test('the last lines are those after a place', async () => {
    await writeFile(file, 'before\none\ntwo\nthree\n');
    expect(await lastLines(file, 7, 2)).toBe('two\nthree');
    expect(await lastLines(file, 7, 9)).toBe('one\ntwo\nthree');
  });
});
