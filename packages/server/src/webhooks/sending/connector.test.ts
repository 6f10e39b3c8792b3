import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { type AddressRulesOptions, createAddressRules } from '../../outbound/address-rules.ts';
import { createGuardedAgent, type Resolve } from '../../outbound/connector.ts';
import { exchange } from './exchange.ts';
import { createSender } from './send.ts';
import { type Receiver, startReceiver } from './testing/receiver.ts';
import { selfSigned } from './testing/self-signed.ts';

const purpose = { who: 'webhooks', setting: 'BORGOS_WEBHOOK_ALLOW' };

const never = new AbortController().signal;

function targetOf(url: string) {
  const { origin, pathname } = new URL(url);
  return { origin, path: pathname };
}

/** Sends to a URL, past every check of it, so that only the connection guards. */
async function connectTo(
  url: string,
  options: Partial<AddressRulesOptions> & { resolve?: Resolve } = {},
) {
  const { resolve, ...given } = options;
  const rules = createAddressRules({
    allow: [],
    allowLoopback: false,
    ownPorts: () => [],
    purpose,
    ...given,
  });
  const agent = createGuardedAgent({ rules, connectTimeoutMs: 300, resolve });
  const sent = { ...targetOf(url), headers: [], body: '{}', timeoutMs: 300 };
  try {
    return await exchange(agent, sent, never);
  } finally {
    await agent.destroy();
  }
}

/** What must not be reached, on both loopbacks. */
async function startCanaries(): Promise<Receiver[]> {
  const answer = (socket: Socket) => void socket.end('HTTP/1.1 204 No Content\r\n\r\n');
  return [await startReceiver(answer), await startReceiver(answer, { host: '::1' })];
}

async function expectUntouched(canaries: Receiver[]): Promise<void> {
  for (const canary of canaries) {
    // A connection that was made before this one would have been accepted before it.
    const answer = await connectTo(canary.url, { allow: [new URL(canary.url).host] });
    expect(answer.status).toBe(204);
    expect(canary.connections).toBe(1);
  }
}

/** As a name server of the attacker would: each answer once, and the last one for ever. */
function answers(...lists: string[][]): Resolve {
  let asked = 0;
  return async () => {
    const list = lists[Math.min(asked, lists.length - 1)] ?? [];
    asked += 1;
    return list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
}

test.each([
  ...['127.0.0.1', '127.0.0.2', '127.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1'],
  ...[
    '017700000001',
    '127.0.0.1.',
    '１２７.０.０.１',
    '①②⑦.⓪.⓪.①',
    '%31%32%37.0.0.1',
    '0.0.0.0',
    '0',
  ],
  ...['localhost', 'LOCALHOST', 'localhost.', 'ｌｏｃａｌｈｏｓｔ'],
  ...[
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
  ],
  ...['[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2001:0:7f00:1::]'],
])('neither the check of the URL nor the connection lets %s reach loopback', async (host) => {
  const canaries = await startCanaries();
  for (const { port } of canaries) {
    const url = `http://${host}:${port}/`;
    const refused = expect.stringMatching(
      / (?:is|resolves to .*, which is) an? [a-z-]+ address: to /,
    );
    const { problem } = await connectTo(url);
    // Not every resolver knows it with its dot, and then there is nothing to refuse.
    if (!problem?.includes('does not exist')) expect(problem).toEqual(refused);
    const rules = createAddressRules({
      allow: [],
      allowLoopback: false,
      ownPorts: () => [],
      purpose,
    });
    const sender = createSender({ rules, timeoutMs: 300 });
    const message = { url, body: '{}', headers: {} };
    expect((await sender.send(message, never)).error).toEqual(refused);
    await sender.close();
  }
  await expectUntouched(canaries);
});

test.each([
  ['loopback', ['127.0.0.1']],
  ['IPv6 loopback', ['::1']],
  ['mapped loopback', ['::ffff:127.0.0.1']],
  ['mapped loopback in hex', ['::ffff:7f00:1']],
  ['loopback over NAT64', ['64:ff9b::7f00:1']],
  ['compatible loopback', ['::127.0.0.1']],
  ['nothing', ['0.0.0.0']],
  ['nothing in IPv6', ['::']],
  ['a public address and loopback', ['8.8.8.8', '127.0.0.1']],
  ['loopback and a public address', ['127.0.0.1', '8.8.8.8']],
  ['public addresses and IPv6 loopback', ['8.8.8.8', '2606:4700::1111', '::1']],
  ['the metadata service', ['169.254.169.254']],
  ['something with a zone', ['fe80::1%lo']],
  ['a private address', ['10.0.0.1']],
])('a name that resolves to %s is not connected to', async (_what, addresses) => {
  const canaries = await startCanaries();
  for (const { port } of canaries) {
    for (const protocol of ['http', 'https']) {
      const url = `${protocol}://evil.test:${port}/`;
      const answer = await connectTo(url, { resolve: answers(addresses), allowLoopback: true });
      expect(answer.problem).toMatch(/^evil\.test resolves to .*, which is an? .* address: to /);
    }
  }
  await expectUntouched(canaries);
});

test('a name that turns from public to loopback is judged with each connection', async () => {
  const canaries = await startCanaries();
  const resolve = answers(['192.0.2.1'], ['127.0.0.1']);
  const rules = createAddressRules({ allow: [], allowLoopback: true, ownPorts: () => [], purpose });
  // What is said to be public here is an address of which nobody answers.
  const refusalOf: typeof rules.refusalOf = (address, host, port) =>
    address === '192.0.2.1' ? undefined : rules.refusalOf(address, host, port);
  const agent = createGuardedAgent({ rules: { refusalOf }, connectTimeoutMs: 200, resolve });
  const target = targetOf(`http://evil.test:${canaries[0]?.port}/`);
  const send = () => exchange(agent, { ...target, headers: [], body: '{}', timeoutMs: 200 }, never);
  expect((await send()).problem).not.toMatch(/resolves to/);
  expect((await send()).problem).toMatch(/^evil\.test resolves to 127\.0\.0\.1/);
  await agent.destroy();
  await expectUntouched(canaries);
});

test('only what was judged is connected to: the name is asked for once a connection', async () => {
  const canaries = await startCanaries();
  const there = await startReceiver('silent', { host: '127.0.0.2' });
  const url = `http://hooks.internal:${there.port}/`;
  const resolve = answers(['127.0.0.2'], ['127.0.0.1']);
  await connectTo(url, { resolve, allow: [`hooks.internal:${there.port}`] });
  expect(there.connections).toBe(1);
  await expectUntouched(canaries);
});

test.each(['http', 'https'] as const)(
  'over %s, who is connected to is judged again, before a byte is sent',
  async (protocol) => {
    const tls = selfSigned(['hooks.test'], new Date(0), new Date(Date.now() + 1e8));
    const here = await startReceiver('silent', protocol === 'https' ? { tls } : {});
    let judged = 0;
    const refusalOf = () => {
      judged += 1;
      return judged === 1 ? undefined : 'it is another one now';
    };
    const resolve = answers(['127.0.0.1']);
    const agent = createGuardedAgent({ rules: { refusalOf }, connectTimeoutMs: 300, resolve });
    const target = targetOf(`${protocol}://hooks.test:${here.port}/`);
    const sent = { ...target, headers: [], body: 'the body', timeoutMs: 300 };
    expect((await exchange(agent, sent, never)).problem).toBe('it is another one now');
    await agent.destroy();
    expect(judged).toBe(2);
    expect(here.received).toBe('');
    expect(here.bytesRead).toBe(0);
  },
);

test('proxies of the environment are not used', async () => {
  const proxies = await startCanaries();
  const receiver = await startReceiver((socket) => socket.end('HTTP/1.1 204 \r\n\r\n'));
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY'];
  for (const name of names) process.env[name] = `http://127.0.0.1:${proxies[0]?.port}`;
  try {
    const answer = await connectTo(receiver.url, { allow: [`127.0.0.1:${receiver.port}`] });
    expect(answer.status).toBe(204);
  } finally {
    for (const name of names) delete process.env[name];
  }
  await expectUntouched(proxies);
});

test('at most 16 connections are made to one receiver at a time', async () => {
  const receiver = await startReceiver('silent');
  const rules = createAddressRules({ allow: [], allowLoopback: true, ownPorts: () => [], purpose });
  const agent = createGuardedAgent({ rules, connectTimeoutMs: 300 });
  const sent = { ...targetOf(receiver.url), headers: [], body: '{}', timeoutMs: 300 };
  await Promise.all(Array.from({ length: 40 }, () => exchange(agent, sent, never)));
  await agent.destroy();
  expect(receiver.mostOpen).toBe(16);
});
