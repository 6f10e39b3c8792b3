import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../testing/wait-for.ts';
import {
  type Finding,
  type FollowedOutput,
  type FoundIn,
  followOutput,
} from './followed-output.ts';

let directory: string;
let file: string;
let found: { finding: Finding; from: FoundIn }[];
let failure: Error | undefined;
let position: number | undefined;
let followed: FollowedOutput;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'borgos-output-'));
  file = path.join(directory, 'app.log');
  found = [];
  failure = undefined;
  position = undefined;
  followed = follow();
});
afterEach(async () => {
  await followed.close();
  await rm(directory, { recursive: true });
});

const never = new AbortController().signal;
const failed = (what: string) =>
  `Traceback (most recent call last):\n  File "/srv/main.py", line 3, in <module>\n    run()\nValueError: ${what}\n`;
const ordinary = '2026-11-24T12:00:00Z INFO GET /api/users 200 12ms\n';
const messages = () => found.map(({ finding }) => finding.message);
const contents = () => new Set(found.map(({ from }) => from.content));

/** As after a start of BorgOS; what was reported has its position recorded with it. */
function follow(): FollowedOutput {
  return followOutput({
    file,
    buffer: Buffer.alloc(256 * 1024),
    findPosition: async () => position,
    async report(findings, from) {
      if (failure) throw failure;
      found.push(...findings.map((finding) => ({ finding, from })));
      position = findings.at(-1)?.end;
    },
  });
}

async function readAll(): Promise<void> {
  while ((await followed.look(never)).hasMore);
  await followed.flush();
}

describe('following an output', () => {
  test('finds nothing where nothing was printed yet, and what is printed later', async () => {
    await readAll();
    await writeFile(file, failed('first'));
    await readAll();
    await appendFile(file, ordinary + failed('second'));
    await readAll();
    expect(messages()).toEqual(['first', 'second']);
    expect(found[0]?.finding).toMatchObject({ error_type: 'ValueError', start: 0 });
  });

  test('a traceback that is being printed is waited for, and ends when nothing more comes', async () => {
    const text = failed('slow');
    await writeFile(file, text.slice(0, 60));
    expect(await followed.look(never)).toMatchObject({ hasMore: false });
    await appendFile(file, text.slice(60));
    expect(await followed.look(never)).toMatchObject({ hasMore: false });
    expect(messages()).toEqual([]);
    await waitFor('a quiet moment', async () => {
      await followed.look(never);
      return found.length > 0;
    });
    expect(messages()).toEqual(['slow']);
    expect(found[0]?.finding.stack_trace).toBe(text.trimEnd());
  });

  test('goes on at the position of an earlier life, and finds each once', async () => {
    await writeFile(file, failed('before') + failed('also before'));
    await readAll();
    await followed.close();
    await appendFile(file, ordinary + failed('meanwhile'));
    followed = follow();
    await readAll();
    expect(messages()).toEqual(['before', 'also before', 'meanwhile']);
    expect(contents().size).toBe(1);
  });

  test('what could not be reported is reported when that is possible again', async () => {
    failure = new Error('no database');
    await writeFile(file, ordinary + failed('kept') + ordinary);
    await expect(readAll()).rejects.toThrow('no database');
    await appendFile(file, failed('kept, too'));
    await expect(readAll()).rejects.toThrow('no database');
    failure = undefined;
    await readAll();
    expect(messages()).toEqual(['kept', 'kept, too']);
  });

  test('what is pending and could not be reported is reported later', async () => {
    await writeFile(file, failed('the last'));
    await followed.look(never);
    failure = new Error('no database');
    await expect(followed.flush()).rejects.toThrow('no database');
    failure = undefined;
    await readAll();
    expect(messages()).toEqual(['the last']);
  });

  test('a file that was emptied is read from its start, and the same in it is another error', async () => {
    await writeFile(file, failed('same') + ordinary.repeat(10));
    await readAll();
    await truncate(file);
    await appendFile(file, failed('same'));
    await readAll();
    expect(messages()).toEqual(['same', 'same']);
    expect(contents().size).toBe(2);
  });

  test('a file that was emptied while nobody looked is read from its start', async () => {
    await writeFile(file, ordinary.repeat(100) + failed('old'));
    await readAll();
    await followed.close();
    await truncate(file);
    await writeFile(file, failed('new'));
    followed = follow();
    await readAll();
    expect(messages()).toEqual(['old', 'new']);
  });

  test('a file that was renamed is read to its end, and then the one in its place', async () => {
    await writeFile(file, ordinary);
    await readAll();
    await appendFile(file, failed('at the end of the former'));
    await rename(file, `${file}.1`);
    await writeFile(file, ordinary.repeat(5) + failed('in the new one'));
    await readAll();
    expect(messages()).toEqual(['at the end of the former', 'in the new one']);
    expect(contents().size).toBe(2);
  });

  test('takes some of what is much, and the rest with the next looks', async () => {
    const many = Array.from({ length: 1000 }, (_, at) => failed(`number ${at};`));
    await writeFile(file, many.join(ordinary.repeat(200)));
    let looks = 1;
    while ((await followed.look(never)).hasMore) looks += 1;
    await followed.flush();
    expect(looks).toBeGreaterThan(2);
    expect(messages()).toEqual(many.map((_, at) => `number ${at};`));
  });

  test('stops where it is when BorgOS closes', async () => {
    await writeFile(file, ordinary.repeat(200_000) + failed('later'));
    const closing = new AbortController();
    closing.abort();
    expect(await followed.look(closing.signal)).toMatchObject({ hasMore: true });
    await readAll();
    expect(messages()).toEqual(['later']);
  });

  test('output that is nothing but errors holds nobody up', async () => {
    await writeFile(file, failed('dense').repeat(40_000));
    const began = performance.now();
    let last = began;
    let heldUpMs = 0;
    let isReading = true;
    const count = () => {
      const ms = performance.now() - last;
      if (ms > 12) heldUpMs += ms;
      last += ms;
      if (isReading) setImmediate(count);
    };
    count();
    while ((await followed.look(never)).hasMore);
    isReading = false;
    // Not never, as other tests run beside this one.
    expect(heldUpMs / (performance.now() - began)).toBeLessThan(0.6);
  });
});
