import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AppLogs, createAppLogs } from '../../app-log/app-logs.ts';
import { type PrintOptions, print } from '../../app-log/testing/printing.ts';
import { waitFor } from '../../testing/wait-for.ts';
import {
  type DatedFinding,
  type FollowedOutput,
  type FoundIn,
  followOutput,
} from './followed-output.ts';

let directory: string;
let logs: AppLogs;
let found: { finding: DatedFinding; from: FoundIn }[];
let failure: Error | undefined;
let position: number | undefined;
let followed: FollowedOutput;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'borgos-output-'));
  logs = createAppLogs({ cap: 64 * 1024 ** 2, segment: 64 * 1024 });
  found = [];
  failure = undefined;
  position = undefined;
  followed = follow();
});
afterEach(async () => {
  await logs.close();
  await rm(directory, { recursive: true });
});

const prints = (text: string, options?: PrintOptions) => print(logs, directory, text, options);
const never = new AbortController().signal;
const failed = (what: string) =>
  `Traceback (most recent call last):\n  File "/srv/main.py", line 3, in <module>\n    run()\nValueError: ${what}\n`;
const ordinary = '2026-11-24T12:00:00Z INFO GET /api/users 200 12ms\n';
const messages = () => found.map(({ finding }) => finding.message);
const contents = () => new Set(found.map(({ from }) => from.content));

/** As after a start of BorgOS; what was reported has its position recorded with it. */
function follow(): FollowedOutput {
  return followOutput({
    log: {
      bounds: () => logs.bounds(directory),
      read: (from, most) => logs.read(directory, from, most),
      readBack: (to, most) => logs.readBack(directory, to, most),
      id: () => logs.id(directory),
    },
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
    await prints(failed('first'));
    await readAll();
    await prints(ordinary + failed('second'));
    await readAll();
    expect(messages()).toEqual(['first', 'second']);
    expect(found[0]?.finding).toMatchObject({ error_type: 'ValueError', start: 0 });
  });

  test('a traceback that is being printed is waited for, and ends when nothing more comes', async () => {
    const text = failed('slow');
    await prints(text.slice(0, 60));
    expect(await followed.look(never)).toMatchObject({ hasMore: false });
    await prints(text.slice(60));
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
    await prints(failed('before') + failed('also before'));
    await readAll();
    await prints(ordinary + failed('meanwhile'));
    followed = follow();
    await readAll();
    expect(messages()).toEqual(['before', 'also before', 'meanwhile']);
    expect(contents().size).toBe(1);
  });

  test('what could not be reported is reported when that is possible again', async () => {
    failure = new Error('no database');
    await prints(ordinary + failed('kept') + ordinary);
    await expect(readAll()).rejects.toThrow('no database');
    await prints(failed('kept, too'));
    await expect(readAll()).rejects.toThrow('no database');
    failure = undefined;
    await readAll();
    expect(messages()).toEqual(['kept', 'kept, too']);
  });

  test('what is pending and could not be reported is reported later', async () => {
    await prints(failed('the last'));
    await followed.look(never);
    failure = new Error('no database');
    await expect(followed.flush()).rejects.toThrow('no database');
    failure = undefined;
    await readAll();
    expect(messages()).toEqual(['the last']);
  });

  test('tracebacks of both streams, and of two releases, are told apart line by line', async () => {
    const parts = ['out', 'error', 'other'].map((what) => failed(what).split(/(?<=\n)/));
    for (let line = 0; line < 4; line += 1) {
      await prints(parts[0]?.[line] ?? '');
      await prints(parts[1]?.[line] ?? '', { stream: 'stderr' });
      await prints(parts[2]?.[line] ?? '', { generation: 2 });
    }
    await readAll();
    expect(messages().sort()).toEqual(['error', 'other', 'out']);
    expect(new Set(found.map(({ finding }) => finding.start)).size).toBe(3);
    const { finding } = found.find(({ finding }) => finding.message === 'error') ?? {};
    expect(finding?.stack_trace).toBe(failed('error').trimEnd());
  });

  test('what one stream has pending when another is reported is found by the next life', async () => {
    const [first = '', ...rest] = failed('pending').split(/(?<=\n)/);
    await prints(first, { stream: 'stderr' });
    await prints(failed('reported') + ordinary);
    await followed.look(never);
    expect(messages()).toEqual(['reported']);
    await prints(rest.join(''), { stream: 'stderr' });
    followed = follow();
    await readAll();
    // Once more the one that was reported: its place tells that.
    expect(messages()).toEqual(['reported', 'reported', 'pending']);
    expect(found[0]?.finding.start).toBe(found[1]?.finding.start);
  });

  test('what was removed before it was read is passed over', async () => {
    const small = createAppLogs({ cap: 256 * 1024, segment: 64 * 1024 });
    logs = small;
    await prints(failed('too early'));
    for (let round = 0; round < 100; round += 1) await prints(ordinary.repeat(100));
    await prints(failed('late'));
    await readAll();
    expect(messages()).toEqual(['late']);
  });

  test('takes some of what is much, and the rest with the next looks', async () => {
    const many = Array.from({ length: 1000 }, (_, at) => failed(`number ${at};`));
    await prints(many.join(ordinary.repeat(200)));
    let looks = 1;
    while ((await followed.look(never)).hasMore) looks += 1;
    await followed.flush();
    expect(looks).toBeGreaterThan(2);
    expect(messages()).toEqual(many.map((_, at) => `number ${at};`));
  });

  test('stops where it is when BorgOS closes', async () => {
    await prints(ordinary.repeat(200_000) + failed('later'));
    const closing = new AbortController();
    closing.abort();
    expect(await followed.look(closing.signal)).toMatchObject({ hasMore: true });
    await readAll();
    expect(messages()).toEqual(['later']);
  });

  test('output that is nothing but errors holds nobody up', async () => {
    await prints(failed('dense').repeat(40_000));
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
