import { afterAll, describe, expect, test } from 'vitest';
import { isPortFree } from '../../deployments/ports.ts';
import { findPortHolder } from '../../runtimes/process/port-holder.ts';
import { openProcessTable } from '../../runtimes/process/process-table.ts';
import { freePort } from '../../testing/free-port.ts';
import { adapterSuite } from '../adapter-suite.ts';
import { apiKeyOf } from './access.ts';
import { type AgentZero, connectAgentZero } from './connect-agent-zero.ts';
import { type FakeInstallation, installFake } from './testing/fake-installation.ts';

const fakes: FakeInstallation[] = [];
const opened: AgentZero[] = [];
let instances = 0;

async function newFake(variables?: Record<string, string>): Promise<FakeInstallation> {
  const fake = await installFake(variables);
  fakes.push(fake);
  return fake;
}

function connect(fields: {
  home: string;
  directory: string | undefined;
  port: number;
  url?: string | undefined;
  instance: string;
}): AgentZero {
  const zero = connectAgentZero({
    ...fields,
    url: fields.url,
    python: process.execPath,
    environment: { PATH: process.env.PATH ?? '' },
    processes: openProcessTable(),
    isPortFree,
    findPortHolder,
    log: { info() {}, warn() {} },
    pollMs: 60,
  });
  opened.push(zero);
  return zero;
}

async function closeAll(): Promise<void> {
  for (const zero of opened) await zero.stop().catch(() => {});
  for (const zero of opened.splice(0)) await zero.adapter.close();
  for (const fake of fakes.splice(0)) await fake.remove();
}
afterAll(closeAll);

const places = new Map<string, { directory: string; port: number; instance: string }>();

for (const prefix of ['/api', '']) {
  adapterSuite({
    name: `Agent Zero with the prefix "${prefix}"`,
    async create(home) {
      let place = places.get(home);
      const isNext = place !== undefined;
      if (!place) {
        const fake = await newFake();
        await fake.behave({ prefix });
        instances += 1;
        const instance = `t${process.pid}${instances}`.slice(-6);
        place = { directory: fake.directory, port: await freePort(), instance };
        places.set(home, place);
      }
      // As after a restart: what an earlier life had is let go, and found again.
      for (const zero of opened.splice(0)) await zero.adapter.close();
      const zero = connect({ home, ...place });
      await (isNext ? zero.recover() : zero.start());
      return zero.adapter;
    },
    createAbsent: async (home) =>
      connect({ home, directory: undefined, port: 1, instance: 'absent' }).adapter,
    // It is one process for all tasks, asks nothing, and does not say what it used.
    without: ['stubborn', 'leave', 'where', 'use', 'ask'],
    close: closeAll,
  });
}

describe('the key for the API of Agent Zero', () => {
  test('is made as Agent Zero makes it', () => {
    expect(apiKeyOf('0123456789abcdef0123456789abcdef', 'borgos', 's3cret')).toBe(
      '8KLpwZUFV8z4Klw8',
    );
  });
});
