import { expect, test } from 'vitest';
import { freePort } from '../../testing/free-port.ts';
import { adapterSuite } from '../adapter-suite.ts';
import { apiKeyOf } from './access.ts';
import type { AgentZero } from './connect-agent-zero.ts';
import { connectForTests } from './testing/connect-for-tests.ts';
import { type FakeInstallation, installFake } from './testing/fake-installation.ts';

const places = new Map<string, { fake: FakeInstallation; port: number; instance: string }>();
const opened: AgentZero[] = [];

async function closeAll(): Promise<void> {
  for (const zero of opened) await zero.stop();
  for (const zero of opened.splice(0)) await zero.adapter.close();
  for (const { fake } of places.values()) await fake.remove();
  places.clear();
}

for (const prefix of ['/api', '']) {
  adapterSuite({
    name: `Agent Zero with the prefix "${prefix}"`,
    async create(home) {
      const former = places.get(home);
      const fake = former?.fake ?? (await installFake());
      const port = former?.port ?? (await freePort());
      const instance = home.slice(-6).toLowerCase();
      places.set(home, { fake, port, instance });
      await fake.behave({ prefix });
      // As after a restart: what an earlier life had is let go, and found again.
      for (const zero of opened.splice(0)) await zero.adapter.close();
      const zero = connectForTests({ home, directory: fake.directory, port, instance });
      opened.push(zero);
      await (former ? zero.recover() : zero.start());
      return zero.adapter;
    },
    createAbsent: async (home) =>
      connectForTests({ home, directory: undefined, port: 1, instance: 'absent' }).adapter,
    // It is one process for all tasks, asks nothing, and does not say what it used.
    without: ['stubborn', 'leave', 'where', 'use', 'ask'],
    close: closeAll,
  });
}

test('makes the key for its API as Agent Zero does', () => {
  const key = apiKeyOf('0123456789abcdef0123456789abcdef', 'borgos', 's3cret');
  expect(key).toBe('8KLpwZUFV8z4Klw8');
});
