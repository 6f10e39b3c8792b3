import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { basic, from, passwordOf, startTestAuth, type TestAuth } from '../testing/test-auth.ts';
import { createLoginLimits } from './login-limits.ts';

let it: TestAuth;
beforeAll(async () => {
  it = await startTestAuth();
  await it.addUser('ada');
});
afterAll(() => it.close());
beforeEach(() => it.database.db.deleteFrom('login_failures').execute());

/** What comes of a login: the code of its error, with the seconds to wait. */
const login = (username: string, password: string, address: string) =>
  it.auth.sessions.open({ username, password }, { ...from, address }).then(
    () => 'in',
    ({ code, retryAfterSeconds }) => (retryAfterSeconds ? `${code} ${retryAfterSeconds}` : code),
  );
const guess = (address: string, username = 'ada') => login(username, 'no such password', address);

describe('who guesses passwords', () => {
  test('may be wrong five times, and then waits twice as long each time, a minute at most', async () => {
    const elsewhere = (number: number) => `198.51.100.${number}`;
    let addresses = 0;
    const next = () => guess(elsewhere(++addresses));
    for (let time = 0; time < 5; time += 1) expect(await next()).toBe('UNAUTHORIZED');
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      expect(await next()).toBe(`RATE_LIMITED ${seconds}`);
      it.clock.ms += seconds * 1000 - 1;
      expect(await next()).toBe('RATE_LIMITED 1');
      it.clock.ms += 1;
      expect(await next()).toBe('UNAUTHORIZED');
    }
    // Even the right password has to wait: it could be the next guess.
    expect(await login('ada', passwordOf('ada'), elsewhere(99))).toBe('RATE_LIMITED 60');
    it.clock.ms += 60_000;
    expect(await login('ada', passwordOf('ada'), elsewhere(99))).toBe('in');
    expect(await next()).toBe('UNAUTHORIZED');
  });

  test('waits by address too, whatever names are tried, 15 minutes at most', async () => {
    let names = 0;
    const next = () => guess('203.0.113.7', `name-${++names}`);
    for (let time = 0; time < 5; time += 1) expect(await next()).toBe('UNAUTHORIZED');
    for (const seconds of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
      expect(await next()).toBe(`RATE_LIMITED ${seconds}`);
      it.clock.ms += seconds * 1000;
      expect(await next()).toBe('UNAUTHORIZED');
    }
    expect(await guess('203.0.113.8', 'name-elsewhere')).toBe('UNAUTHORIZED');
  });

  test('waits the same for a name that nobody has, and over Basic', async () => {
    for (let time = 0; time < 5; time += 1) {
      expect(await guess(`198.51.100.${time}`, 'nobody')).toBe('UNAUTHORIZED');
    }
    const header = basic('nobody', 'no such password');
    await expect(
      Promise.resolve(it.auth.authenticate(header, { ...from, address: '192.0.2.9' })),
    ).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 1 });
  });

  test('gets no more tries by trying many at once', async () => {
    const before = (await it.eventsOf('login_failed')).length;
    const results = await Promise.all(Array.from({ length: 50 }, () => guess('203.0.113.50')));
    const tried = results.filter((result) => result === 'UNAUTHORIZED').length;
    expect(tried).toBe(5);
    const others = new Set(results.filter((result) => result !== 'UNAUTHORIZED'));
    expect([...others].every((result) => /^(RATE_LIMITED|UNAVAILABLE) /.test(result))).toBe(true);
    expect((await it.eventsOf('login_failed')).length - before).toBe(5);
  });

  test('gets no more tries from many servers at once either', async () => {
    const limits = Array.from({ length: 10 }, () =>
      createLoginLimits({ db: it.database.db, now: () => it.clock.ms, networkOf: (one) => one }),
    );
    const results = await Promise.allSettled(
      limits.flatMap((one) =>
        Array.from({ length: 5 }, () => one.reserve(one.keysOf('203.0.113.60', 'grace'))),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  });

  test('is forgiven after a success', async () => {
    for (let round = 0; round < 3; round += 1) {
      for (let time = 0; time < 4; time += 1) expect(await guess('192.0.2.1')).toBe('UNAUTHORIZED');
      expect(await login('ada', passwordOf('ada'), '192.0.2.1')).toBe('in');
    }
  });

  test('is forgotten after a day, and its row deleted', async () => {
    const rows = () => it.database.db.selectFrom('login_failures').select('failures').execute();
    for (let time = 0; time < 6; time += 1) await guess('192.0.2.2');
    await it.auth.forgetOld();
    expect((await rows()).map(({ failures }) => failures)).toEqual([5, 5]);
    it.clock.ms += 86_400_001;
    await guess('192.0.2.2');
    expect((await rows()).map(({ failures }) => failures)).toEqual([1, 1]);
    it.clock.ms += 86_400_001;
    await it.auth.forgetOld();
    expect(await rows()).toEqual([]);
  });
});

test('honest users who log in at once from one address are all let in', async () => {
  const names = Array.from({ length: 12 }, (_, number) => `user-${number}`);
  for (const name of names) await it.addUser(name, ['projects:read']);
  const results = await Promise.all(
    names.map((name) => login(name, passwordOf(name), '192.0.2.3')),
  );
  expect(new Set(results)).toEqual(new Set(['in']));
});

test('addresses of one network count together', async () => {
  const limits = createLoginLimits({
    db: it.database.db,
    now: () => it.clock.ms,
    networkOf: (address) => address.slice(0, 4),
  });
  for (let host = 0; host < 5; host += 1) await limits.reserve(limits.keysOf(`net1:${host}`));
  await expect(limits.reserve(limits.keysOf('net1:9'))).rejects.toMatchObject({
    code: 'RATE_LIMITED',
  });
  await limits.reserve(limits.keysOf('net2:1'));
});
