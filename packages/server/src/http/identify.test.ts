import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Caller } from '@borgos/contracts/caller';
import { expect, test } from 'vitest';
import { localCaller } from '../caller.ts';
import { createIdentify, type IdentifyOptions } from './identify.ts';

const user: Caller = { ...localCaller('127.0.0.1'), credential: 'password' };

function start(options: Partial<IdentifyOptions> = {}) {
  const asked = { deployed: 0 };
  const identify = createIdentify({
    localTrust: true,
    authenticate: () => user,
    ...options,
    isOwn: (connection) => {
      asked.deployed += 1;
      return options.isOwn?.(connection) ?? Promise.resolve(false);
    },
  });
  const ask = async (headers: IncomingHttpHeaders, socket: Socket) =>
    (await identify({ id: 'req_1', headers, socket }, socket.remoteAddress ?? '')).credential;
  return { ask, asked };
}

/** A socket as far as it is looked at. */
function socketFrom(remoteAddress: string | undefined, localAddress = '127.0.0.1'): Socket {
  const ends = { remoteAddress, remotePort: 50_000, localAddress, localPort: 8081 };
  return ends as Socket;
}

test.each([
  ['127.0.0.1', 'local'],
  ['127.3.2.1', 'local'],
  ['::1', 'local'],
  ['::ffff:127.0.0.1', 'local'],
  ['172.17.0.2', 'none'],
  ['::ffff:172.17.0.2', 'none'],
  ['192.168.1.5', 'none'],
  ['fe80::1', 'none'],
  ['::1234', 'none'],
  [undefined, 'none'],
])('who comes from %s without a credential is taken for %s', async (address, credential) => {
  expect(await start().ask({}, socketFrom(address))).toBe(credential);
});

test('what was forwarded is not local, though its proxy is', async () => {
  const { ask, asked } = start();
  expect(await ask({ 'x-forwarded-for': '127.0.0.1' }, socketFrom('127.0.0.1'))).toBe('none');
  expect(asked.deployed).toBe(0);
});

test('a credential is judged, wherever it comes from', async () => {
  const { ask } = start();
  expect(await ask({ authorization: 'Basic x' }, socketFrom('192.168.1.5'))).toBe('password');
  expect(await ask({ authorization: 'Basic x', via: 'x' }, socketFrom('::1'))).toBe('password');
});

test('a credential that is refused does not fall back to local trust', async () => {
  const { ask } = start({
    authenticate: () => Promise.reject(new Error('refused')),
  });
  for (const authorization of ['', 'Bearer x']) {
    await expect(ask({ authorization }, socketFrom('127.0.0.1'))).rejects.toThrow('refused');
  }
});

test('local trust can be switched off', async () => {
  expect(await start({ localTrust: false }).ask({}, socketFrom('127.0.0.1'))).toBe('none');
});

test('what is deployed is not local, and is looked for once a connection', async () => {
  const ends: unknown[] = [];
  const { ask, asked } = start({
    isOwn: async (connection) => {
      ends.push(connection);
      return true;
    },
  });
  const socket = socketFrom('127.0.0.1');
  expect(await Promise.all([ask({}, socket), ask({}, socket)])).toEqual(['none', 'none']);
  expect(await ask({}, socket)).toBe('none');
  expect(asked.deployed).toBe(1);
  expect(ends).toEqual([
    { client: { host: '127.0.0.1', port: 50_000 }, server: { host: '127.0.0.1', port: 8081 } },
  ]);
  await ask({}, socketFrom('127.0.0.1'));
  expect(asked.deployed).toBe(2);
});
