import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openVectorCache } from './vector-cache.ts';

const log = { warn() {} };
const entry = (number: number) => ({
  key: Buffer.from(`key ${number}`),
  vector: Float32Array.of(number, 0.5),
});

test('keeps the newest, and drops the oldest', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'borgos-vectors-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  let cache = openVectorCache({ directory, log, most: 20 });
  for (let number = 0; number < 30; number += 1) cache.put([entry(number)]);
  cache.close();
  cache = openVectorCache({ directory, log, most: 20 });
  onTestFinished(() => cache.close());
  cache.put([entry(30)]);
  const kept = Array.from({ length: 31 }, (_, number) => number).filter(
    (number) => cache.get([entry(number).key])[0] !== undefined,
  );
  expect(kept.length).toBeLessThanOrEqual(20);
  expect(kept.length).toBeGreaterThan(15);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, at) => 31 - kept.length + at));
  expect(cache.get([entry(30).key, Buffer.from('none')])).toEqual([
    Float32Array.of(30, 0.5),
    undefined,
  ]);
});

test('works in memory where there is no place to write', () => {
  const cache = openVectorCache({ directory: '/dev/null/nowhere', log });
  cache.put([entry(1)]);
  expect(cache.get([entry(1).key])).toEqual([Float32Array.of(1, 0.5)]);
  cache.close();
});
