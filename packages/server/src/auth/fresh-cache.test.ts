import { expect, test } from 'vitest';
import { createFreshCache } from './fresh-cache.ts';

function makeCache(maxEntries = 10) {
  const clock = { ms: 1000 };
  const loads: string[] = [];
  const cache = createFreshCache<string>({ maxAgeMs: 100, maxEntries, now: () => clock.ms });
  const get = (key: string, value: string | undefined = key) =>
    cache.get(key, async () => {
      loads.push(key);
      return value;
    });
  return { cache, clock, loads, get };
}

test('what was loaded is given at once until it is too old', async () => {
  const { clock, loads, get } = makeCache();
  await get('a');
  clock.ms += 99;
  expect(get('a')).toBe('a');
  clock.ms += 1;
  expect(get('a')).toBeInstanceOf(Promise);
  expect(loads).toEqual(['a', 'a']);
});

test('a clock that is set back does not keep anything alive', async () => {
  const { clock, get } = makeCache();
  await get('a');
  clock.ms -= 1;
  expect(get('a')).toBeInstanceOf(Promise);
});

test('callers at the same moment share one load', async () => {
  const { loads, get } = makeCache();
  expect(await Promise.all([get('a'), get('a'), get('b')])).toEqual(['a', 'a', 'b']);
  expect(loads).toEqual(['a', 'b']);
});

test('neither nothing nor a failure is remembered', async () => {
  const { cache, loads } = makeCache();
  const nothing = async () => {
    loads.push('nothing');
    return undefined;
  };
  const failure = async () => {
    loads.push('failure');
    throw new Error('no');
  };
  expect(await cache.get('a', nothing)).toBeUndefined();
  await expect(cache.get('a', failure)).rejects.toThrow('no');
  await expect(cache.get('a', failure)).rejects.toThrow('no');
  expect(loads).toEqual(['nothing', 'failure', 'failure']);
});

test('what is dropped while it is being loaded is not kept, and not given to who comes later', async () => {
  const { cache, get } = makeCache();
  const gate = Promise.withResolvers<string>();
  const early = cache.get('a', () => gate.promise);
  cache.dropWhere(() => true);
  const late = get('a', 'new');
  gate.resolve('old');
  expect(await early).toBe('old');
  expect(await late).toBe('new');
  expect(get('a')).toBe('new');
});

test('only what matches is dropped', async () => {
  const { cache, get } = makeCache();
  await get('a');
  await get('b');
  cache.dropWhere((value) => value === 'a');
  expect(get('b')).toBe('b');
  expect(get('a')).toBeInstanceOf(Promise);
});

test('the oldest go when there are too many', async () => {
  const { get } = makeCache(2);
  await get('a');
  await get('b');
  await get('c');
  expect([get('b'), get('c')]).toEqual(['b', 'c']);
  expect(get('a')).toBeInstanceOf(Promise);
});

test('too many at once are refused', async () => {
  const { cache } = makeCache();
  const gate = Promise.withResolvers<undefined>();
  const asked = Array.from({ length: 1000 }, (_, n) => cache.get(String(n), () => gate.promise));
  expect(() => cache.get('more', () => gate.promise)).toThrow('Try again');
  gate.resolve(undefined);
  await Promise.all(asked);
});
