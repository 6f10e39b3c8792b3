import type { Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';
import { createAddressRules } from '../../outbound/address-rules.ts';
import { version } from '../../settings.ts';
import { freePort } from '../../testing/free-port.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { createSender, type SenderOptions } from './send.ts';
import { newSecret } from './signature.ts';
import { signedHeaders } from './signed-headers.ts';
import { startReceiver } from './testing/receiver.ts';
import { selfSigned } from './testing/self-signed.ts';

const purpose = { who: 'webhooks', setting: 'BORGOS_WEBHOOK_ALLOW' };

const never = new AbortController().signal;
const day = 86_400_000;

function startSender(options: Partial<SenderOptions> = {}) {
  const rules = createAddressRules({ allow: [], allowLoopback: true, ownPorts: () => [], purpose });
  const sender = createSender({ rules, timeoutMs: 5_000, ...options });
  onTestFinished(() => sender.close());
  return sender;
}

function message(url: string, secret = 'a-secret-key') {
  const timestamp = Math.floor(Date.now() / 1_000);
  const body = '{"type":"test"}';
  const headers = signedHeaders({ id: 'msg_1', timestamp, body, keys: [secret] });
  return { url, body, headers, timestamp };
}

/** What comes of a receiver that answers like this. */
async function outcomeOf(
  answer: ((socket: Socket) => void) | string | 'silent',
  timeoutMs = 5_000,
) {
  const text = typeof answer === 'string' && answer !== 'silent' ? answer : undefined;
  const receiver = await startReceiver(
    text === undefined ? (answer as 'silent') : (socket) => socket.end(text),
  );
  const outcome = await startSender({ timeoutMs }).send(message(receiver.url), never);
  return { outcome, receiver };
}

test('a webhook is a signed POST, and 2xx is success', async () => {
  const secret = newSecret();
  const head = 'HTTP/1.1 202 Accepted\r\nContent-Type: text/plain\r\nX-Secret: s\r\n';
  const seen = await startReceiver((socket) => {
    socket.end(`${head}Content-Length: 4\r\n\r\nfine`);
  });
  const sent = message(seen.url, secret);
  const outcome = await startSender().send(sent, never);
  expect(outcome).toEqual({
    status: 202,
    response_headers: { 'content-type': 'text/plain', 'content-length': '4' },
    response_body: 'fine',
    duration_ms: expect.any(Number),
    error: null,
    retry_after_seconds: null,
    gone: false,
  });
  const [headText = '', body = ''] = seen.received.split('\r\n\r\n');
  const [first, ...lines] = headText.split('\r\n');
  expect(first).toBe('POST /hook?team=7 HTTP/1.1');
  const headers = Object.fromEntries(lines.map((line) => line.split(': ', 2)));
  expect(headers).toEqual({
    host: `127.0.0.1:${seen.port}`,
    connection: 'keep-alive',
    'content-type': 'application/json',
    'content-length': '15',
    'user-agent': `BorgOS/${version}`,
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(sent.timestamp),
    'webhook-signature': expect.any(String),
  });
  expect(new Webhook(secret).verify(body, headers)).toEqual({ type: 'test' });
});

test('connections are used again', async () => {
  const receiver = await startReceiver((socket) => {
    const answered = () => {
      // The head and the body may come one after the other.
      if (receiver.received.endsWith('}')) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    };
    socket.on('data', answered);
    answered();
  });
  const sender = startSender();
  for (let n = 0; n < 5; n += 1) {
    expect((await sender.send(message(receiver.url), never)).error).toBeNull();
  }
  // A second one may be made while the first is still putting the last answer away.
  expect(receiver.connections).toBeLessThanOrEqual(2);
});

const empty = 'Content-Length: 0\r\n\r\n';
test.each([
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 204, null],
  [
    'an early hint, then 200',
    `HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n${empty}`,
    200,
    null,
  ],
  ['a body until the end', 'HTTP/1.0 200 OK\r\n\r\nfine', 200, null],
  ['400', `HTTP/1.1 400 No\r\n${empty}`, 400, 'The receiver answered 400 Bad Request'],
  ['500', `HTTP/1.1 500 No\r\n${empty}`, 500, 'The receiver answered 500 Internal Server Error'],
  ['a status that is none', `HTTP/1.1 799 No\r\n${empty}`, 799, 'The receiver answered 799'],
  ['304', 'HTTP/1.1 304 No\r\n\r\n', 304, 'The receiver answered 304 Not Modified'],
])('a receiver may answer %s', async (_what, answer, status, error) => {
  const { outcome } = await outcomeOf(answer);
  expect(outcome).toMatchObject({ status, error, gone: false });
});

test('410 says that the receiver wants no more', async () => {
  const { outcome } = await outcomeOf(`HTTP/1.1 410 Gone\r\n${empty}`);
  const error = 'The receiver answered 410: it wants no more webhooks';
  expect(outcome).toMatchObject({ status: 410, gone: true, error });
});

test.each([301, 302, 303, 307, 308])(
  'a redirect with %i is a failure, and not followed',
  async (status) => {
    const canary = await startReceiver('silent');
    const { outcome } = await outcomeOf(
      `HTTP/1.1 ${status} Moved\r\nLocation: ${canary.url}\r\n${empty}`,
    );
    expect(outcome).toMatchObject({
      status,
      error: `The receiver answered ${status}: redirects are not followed`,
      response_headers: { location: canary.url },
    });
    expect(canary.connections).toBe(0);
  },
);

test('a receiver can ask for time, in seconds or with a date', async () => {
  const seconds = await outcomeOf(`HTTP/1.1 503 No\r\nRetry-After: 120\r\n${empty}`);
  expect(seconds.outcome).toMatchObject({ status: 503, retry_after_seconds: 120 });
  const date = new Date(Date.now() + 600_000).toUTCString();
  const dated = await outcomeOf(`HTTP/1.1 429 No\r\nRetry-After: ${date}\r\n${empty}`);
  expect(dated.outcome.retry_after_seconds).toBeGreaterThan(590);
  expect(dated.outcome.retry_after_seconds).toBeLessThanOrEqual(600);
});

test('what is kept of an answer is bounded, and PostgreSQL can keep it', async () => {
  // The last character begins at byte 4095, so that it is cut in two.
  const body = Buffer.from(`a\0b\xff${'x'.repeat(4_090)}é${'y'.repeat(5_000)}`, 'latin1');
  const text = Buffer.concat([
    body.subarray(0, 4_094),
    Buffer.from('yé'),
    Buffer.alloc(5_000, 'y'),
  ]);
  const { outcome } = await outcomeOf((socket) => {
    socket.write(
      `HTTP/1.1 200 OK\r\nServer: ${'s'.repeat(1_000)}\r\nContent-Length: ${text.length}\r\n\r\n`,
    );
    socket.end(text);
  });
  expect(outcome.response_body).toBe(`a\ufffdb\ufffd${'x'.repeat(4_090)}y`);
  expect(outcome.response_headers.server).toBe('s'.repeat(256));
  expect(outcome.error).toBeNull();
});

test.each(['keep-alive', 'close'])(
  'a body of 1 GB is read for 64 KB, and the connection (%s) is broken off',
  async (connection) => {
    const piece = Buffer.alloc(65_536, 'x');
    let written = 0;
    const { outcome, receiver } = await outcomeOf((socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\nConnection: ${connection}\r\nContent-Length: ${2 ** 30}\r\n\r\n`,
      );
      const pour = () => {
        while (written < 2 ** 30 && !socket.destroyed && socket.write(piece))
          written += piece.length;
      };
      socket.on('drain', pour);
      pour();
    });
    expect(outcome).toMatchObject({ status: 200, error: null, response_body: 'x'.repeat(4_096) });
    await waitFor('the connection to be closed', async () => receiver.open === 0);
    // The rest is what the kernel takes in before it can tell.
    expect(written).toBeLessThan(2 ** 24);
  },
);

test('a body that ends in the moment in which it becomes too long harms nothing', async () => {
  const body = 'x'.repeat(70_000);
  for (const connection of ['keep-alive', 'close']) {
    const { outcome } = await outcomeOf(
      `HTTP/1.1 200 OK\r\nConnection: ${connection}\r\nContent-Length: 70000\r\n\r\n${body}`,
    );
    expect(outcome).toMatchObject({ status: 200, error: null });
  }
});

const drip = (text: string) => (socket: Socket) => {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), 10);
  socket.on('close', () => clearInterval(timer));
};
const pour = (text: string) => (socket: Socket) => {
  socket.write('HTTP/1.1 200 OK\r\n');
  const more = () => {
    while (!socket.destroyed && socket.write(text));
  };
  socket.on('drain', more);
  more();
};

test.each<[string, 'silent' | ((socket: Socket) => void), number | null, RegExp]>([
  ['says nothing', 'silent', null, /^The receiver did not answer within 0\.3 seconds$/],
  [
    'sends one byte of its headers after the other',
    drip('HTTP/1.1 200 OK\r\nX-A: b\r\n'),
    null,
    /^The receiver did not answer within/,
  ],
  [
    'stops within its headers',
    (socket) => void socket.write('HTTP/1.1 200 OK\r\nX-A'),
    null,
    /^The receiver did not answer within/,
  ],
  [
    'sends one byte of its body after the other',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n');
      drip('x')(socket);
    },
    200,
    /^The receiver answered 200, but did not finish its answer within 0\.3 seconds$/,
  ],
  [
    'gives a hint again and again',
    drip('HTTP/1.1 103 Early Hints\r\n\r\n'),
    null,
    /^The receiver did not answer within/,
  ],
])('a receiver that %s is given up', async (_what, answer, status, error) => {
  const { outcome, receiver } = await outcomeOf(answer, 300);
  expect(outcome).toMatchObject({ status, error: expect.stringMatching(error) });
  expect(outcome.duration_ms).toBeLessThan(2_000);
  await waitFor('the connection to be closed', async () => receiver.open === 0);
});

test.each<[string, string | ((socket: Socket) => void), number | null, RegExp]>([
  ['closes at once', (socket) => void socket.end(), null, /^The receiver closed the connection/],
  [
    'resets the connection',
    (socket) => void socket.resetAndDestroy(),
    null,
    /^The receiver closed the connection/,
  ],
  ['ends within its headers', 'HTTP/1.1 200 OK\r\nX-A', null, /^The receiver/],
  [
    'ends within its body',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx',
    200,
    /^The receiver answered 200, but/,
  ],
  [
    'answers in another language',
    'SSH-2.0-OpenSSH_9.2\r\n',
    null,
    /^The receiver did not answer in HTTP$/,
  ],
  [
    'upgrades',
    'HTTP/1.1 101 Up\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    null,
    /^The receiver answered 100 or 101/,
  ],
  [
    'sends endless headers',
    pour(`X-A: ${'b'.repeat(100)}\r\n`),
    null,
    /^The receiver sent more than 16 KB of headers$/,
  ],
  ['sends one endless header', pour('b'.repeat(1_000)), null, /^The receiver/],
  [
    'gives many hints',
    'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(99),
    null,
    /^The receiver answered 103 more than 8 times$/,
  ],
])('a receiver that %s has failed', async (_what, answer, status, error) => {
  const { outcome } = await outcomeOf(answer);
  expect(outcome).toMatchObject({ status, error: expect.stringMatching(error) });
  expect(outcome.duration_ms).toBeLessThan(4_000);
});

test('a receiver that does not listen has failed', async () => {
  const url = `http://127.0.0.1:${await freePort()}/`;
  const outcome = await startSender().send(message(url), never);
  expect(outcome.error).toBe('The receiver refuses connections: nothing listens there');
  expect(outcome.status).toBeNull();
});

test('a name that does not exist is told', async () => {
  const code = 'ENOTFOUND';
  const sender = startSender({
    resolve: () => Promise.reject(Object.assign(new Error(), { code })),
  });
  const outcome = await sender.send(message('https://nobody.test/'), never);
  expect(outcome.error).toBe('The receiver has a name that does not exist');
});

test('a name server that does not answer does not hold a webhook up', async () => {
  const sender = startSender({ timeoutMs: 200, resolve: () => new Promise(() => {}) });
  const outcome = await sender.send(message('https://slow.test/'), never);
  expect(outcome.error).toMatch(/^The receiver did not (?:answer|accept)/);
});

test('a URL that is not allowed any more is a failure that says what to do', async () => {
  const outcome = await startSender().send(message('http://10.0.0.1:9000/'), never);
  expect(outcome).toMatchObject({
    status: null,
    error: expect.stringContaining('an administrator adds 10.0.0.1:9000 to BORGOS_WEBHOOK_ALLOW'),
  });
});

const valid = [new Date(Date.now() - day), new Date(Date.now() + day)] as const;
const over = [new Date(Date.now() - 2 * day), new Date(Date.now() - day)] as const;
const early = [new Date(Date.now() + day), new Date(Date.now() + 2 * day)] as const;
test.each([
  ['valid', 'localhost', valid, true, null],
  ['expired', 'localhost', over, true, /cannot be trusted: its certificate has expired$/],
  ['not yet valid', 'localhost', early, true, /its certificate is not valid yet$/],
  ['for another name', 'other.test', valid, true, /its certificate is for another name$/],
  ['self-signed', 'localhost', valid, false, /its certificate is self-signed$/],
  [
    'self-signed and expired',
    'localhost',
    over,
    false,
    /its certificate (?:is self-signed|has expired)$/,
  ],
])('a certificate that is %s', async (_what, name, [from, until], isKnown, error) => {
  const tls = selfSigned([name], from, until);
  const known = getCACertificates();
  if (isKnown) setDefaultCACertificates([tls.cert]);
  const variable = 'NODE_TLS_REJECT_UNAUTHORIZED';
  process.env[variable] = '0';
  onTestFinished(() => {
    setDefaultCACertificates(known);
    delete process.env[variable];
  });
  const receiver = await startReceiver((socket) => void socket.end('HTTP/1.1 204 \r\n\r\n'), {
    tls,
  });
  const url = `https://localhost:${receiver.port}/`;
  const outcome = await startSender().send(message(url), never);
  expect(outcome.error).toEqual(error === null ? null : expect.stringMatching(error));
  expect(receiver.received === '').toBe(error !== null);
});

test('a receiver without TLS behind https is told so', async () => {
  const receiver = await startReceiver((socket) => void socket.end('HTTP/1.1 400 No\r\n\r\n'));
  const outcome = await startSender().send(message(`https://127.0.0.1:${receiver.port}/`), never);
  expect(outcome.error).toMatch(/it does not speak TLS: is its URL rather http:\/\/\?$/);
});

test('who aborts gets the reason, and the connection is closed', async () => {
  const receiver = await startReceiver('silent');
  const controller = new AbortController();
  const sending = startSender().send(message(receiver.url), controller.signal);
  await waitFor('the webhook', async () => receiver.received.includes('webhook-id'));
  controller.abort(new Error('the server stops'));
  await expect(sending).rejects.toThrow('the server stops');
  await waitFor('the connection to be closed', async () => receiver.open === 0);
});

test('who aborts before it connects sends nothing', async () => {
  const receiver = await startReceiver('silent');
  const controller = new AbortController();
  const sender = startSender();
  const sending = sender.send(message(receiver.url), controller.signal);
  controller.abort(new Error('the server stops'));
  await expect(sending).rejects.toThrow('the server stops');
  await expect(sender.send(message(receiver.url), controller.signal)).rejects.toThrow('stops');
  await waitFor('the connection to be closed', async () => {
    return receiver.connections === 1 && receiver.open === 0;
  });
  expect(receiver.received).toBe('');
});

test('a sender that is closed ends what is being sent, and sends no more', async () => {
  const receiver = await startReceiver('silent');
  const sender = startSender();
  const sending = sender.send(message(receiver.url), never);
  const failure = expect(sending).rejects.toThrow('the sender is closed');
  await waitFor('the webhook', async () => receiver.received.includes('webhook-id'));
  await sender.close();
  await failure;
  await expect(sender.send(message(receiver.url), never)).rejects.toThrow('the sender is closed');
});

test('no secret and no path is in what is told of a failure', async () => {
  const secret = 'canary-of-a-secret';
  const receiver = await startReceiver((socket) => void socket.resetAndDestroy());
  const sent = message(`${receiver.url}&token=canary`, secret);
  expect(JSON.stringify(await startSender().send(sent, never))).not.toContain('canary');
});
