import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { findFreePort, firstPort, lastPort } from './free-port.ts';

const allBut = (...free: number[]) =>
  new Set(
    Array.from({ length: lastPort - firstPort + 1 }, (_, index) => firstPort + index).filter(
      (port) => !free.includes(port),
    ),
  );

test('a port that is spoken for or listened on is not chosen', async () => {
  const free = await findFreePort(new Set());
  const used = await findFreePort(new Set([free]));
  const server = createServer().listen(used, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  expect(await findFreePort(allBut(free, used))).toBe(free);
  await expect(findFreePort(allBut(used))).rejects.toThrow('no port from 20000 to 29999 is free');
});
