import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { isPortFree } from './ports.ts';

describe('whether a port is free', () => {
  test.each(['127.0.0.1', '0.0.0.0', '::1', '::'])(
    'not while something listens on %s',
    async (host) => {
      const server = createServer().listen(0, host);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      expect(await isPortFree(port)).toBe(false);
      server.close();
      await once(server, 'close');
      expect(await isPortFree(port)).toBe(true);
    },
  );
});
