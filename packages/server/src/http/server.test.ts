import { connect } from 'node:net';
import { defineEndpoint } from '@borgos/contracts/endpoint';
import { errorBody } from '@borgos/contracts/errors';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { echo, exchange, parseAnswer, startEndpoint, startServer } from '../testing/http-server.ts';

const read = defineEndpoint({
  method: 'GET',
  path: '/things/{id}',
  tag: 'Test',
  summary: 'Read',
  description: 'Reads.',
  scope: null,
  params: z.strictObject({ id: z.int() }),
  status: 200,
  response: z.object({ ok: z.boolean() }),
  errors: [],
});
const ok = async () => ({ ok: true });
const head = 'Host: localhost\r\n';
const post = (length: number | string) =>
  `POST /echo HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${length}\r\n`;

test('every answer names its request, and an id that the caller sends is not taken', async () => {
  const { url, logged } = await startEndpoint(read, ok);
  const answer = await fetch(`${url}/things/1`, { headers: { 'X-Request-Id': 'req_mine' } });
  const id = answer.headers.get('x-request-id');
  expect(id).toMatch(/^req_[0-9a-z]{12,}$/);
  await vi.waitFor(() =>
    expect(logged).toContainEqual(
      expect.objectContaining({ request_id: id, route: '/things/:id', status: 200 }),
    ),
  );
  expect(JSON.stringify(logged)).not.toContain('req_mine');
});

test('an unknown path is 404 with the body of all errors', async () => {
  const { url } = await startEndpoint(read, ok);
  const answer = await fetch(`${url}/nowhere?secret=1`);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toEqual({
    error: 'Not found',
    message: 'There is nothing at /nowhere; the API is described at /docs',
    code: 'NOT_FOUND',
    request_id: answer.headers.get('x-request-id'),
  });
});

test.each(['POST', 'DELETE', 'OPTIONS', 'PURGE', 'PROPFIND'])(
  '%s on a path that only has GET is 405 and says what is allowed',
  async (method) => {
    const { url } = await startEndpoint(read, ok);
    const answer = await fetch(`${url}/things/1`, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
    expect(await answer.json()).toMatchObject({
      error: 'Method not allowed',
      code: 'METHOD_NOT_ALLOWED',
    });
  },
);

test('HEAD answers like GET, without a body', async () => {
  const { port } = await startEndpoint(read, ok);
  const text = await exchange(port, `HEAD /things/1 HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
  expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  expect(text).toContain('content-length: 11\r\n');
  expect(text.endsWith('\r\n\r\n')).toBe(true);
});

test('what nobody foresaw is 500 with fixed words, and its cause is in the log alone', async () => {
  const { url, logged } = await startEndpoint(read, async () => {
    throw new Error('password=hunter2');
  });
  const answer = await fetch(`${url}/things/1`);
  const request_id = answer.headers.get('x-request-id');
  expect(answer.status).toBe(500);
  expect(await answer.json()).toEqual({
    error: 'Internal server error',
    message: 'An unexpected error occurred',
    code: 'INTERNAL_ERROR',
    request_id,
  });
  expect(logged).toContainEqual(
    expect.objectContaining({
      request_id,
      err: expect.objectContaining({ message: 'password=hunter2' }),
    }),
  );
});

test('a refusal of the domain has the status of its code and its own words', async () => {
  const { url } = await startEndpoint(read, async () => {
    throw new AppError('PORT_IN_USE', 'Port 8080 is already in use');
  });
  const answer = await fetch(`${url}/things/1`);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    error: 'Invalid request',
    message: 'Port 8080 is already in use',
    code: 'PORT_IN_USE',
  });
});

test.each([
  ['{"name": x}', 'x'],
  ['{"name": "a"', 'position 12'],
  ['', 'is required'],
  ['{"__proto__": {"admin": true}}', '"__proto__"'],
  ['{"a": {"\\u005f_proto__": 1}}', '"__proto__"'],
  ['[1]', 'body must be an object'],
  ['null', 'body must be an object'],
])('the body %j is refused: %s', async (body, words) => {
  const named = { ...echo, body: z.strictObject({ name: z.string() }) };
  const { url } = await startEndpoint(named, async (input) => input);
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/echo`, { method: 'POST', headers, body });
  expect(answer.status).toBe(400);
  const { message } = errorBody.parse(await answer.json());
  expect(message).toContain(words);
});

test('bytes that are not UTF-8 are refused, not replaced', async () => {
  const { url } = await startEndpoint(echo, async (input) => input);
  const body = Buffer.from([0x22, 0xff, 0x22]);
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/echo`, { method: 'POST', headers, body });
  expect(await answer.json()).toMatchObject({
    code: 'INVALID_JSON',
    message: 'The body is not valid UTF-8',
  });
});

test('a body of 1 MiB is taken, a larger one is 413', async () => {
  const { url } = await startEndpoint(echo, async () => ({}));
  const send = (length: number) => {
    const body = JSON.stringify({ a: 'x'.repeat(length - 8) });
    const headers = { 'content-type': 'application/json' };
    return fetch(`${url}/echo`, { method: 'POST', headers, body });
  };
  expect((await send(1024 * 1024)).status).toBe(200);
  const answer = await send(1024 * 1024 + 1);
  expect(answer.status).toBe(413);
  expect(await answer.json()).toMatchObject({
    error: 'Payload too large',
    code: 'PAYLOAD_TOO_LARGE',
  });
});

test('a chunked body without an end is cut at 1 MiB', async () => {
  const { port } = await startEndpoint(echo, async () => ({}));
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const text = await exchange(
    port,
    `POST /echo HTTP/1.1\r\n${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(17)}`,
  );
  expect(parseAnswer(text)).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } });
});

test.each([
  ['no HTTP', 'hello\r\n\r\n', 400, 'VALIDATION_FAILED'],
  ['a binary greeting', '\x16\x03\x01\x02\x00\x01\r\n\r\n', 400, 'VALIDATION_FAILED'],
  [
    'a control character in a header',
    `GET / HTTP/1.1\r\n${head}A: \x01\r\n\r\n`,
    400,
    'VALIDATION_FAILED',
  ],
  ['two lengths', `${post(2)}Content-Length: 3\r\n\r\n{}`, 400, 'VALIDATION_FAILED'],
  [
    'a length and chunks',
    `${post(2)}Transfer-Encoding: chunked\r\n\r\n{}`,
    400,
    'VALIDATION_FAILED',
  ],
  ['a negative length', `${post(-1)}\r\n`, 400, 'VALIDATION_FAILED'],
  [
    'headers of 20 KiB',
    `GET / HTTP/1.1\r\n${head}A: ${'a'.repeat(20_480)}\r\n\r\n`,
    431,
    'HEADERS_TOO_LARGE',
  ],
  [
    'a path of 20 KiB',
    `GET /${'a'.repeat(20_480)} HTTP/1.1\r\n${head}\r\n`,
    431,
    'HEADERS_TOO_LARGE',
  ],
  ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 421, 'MISDIRECTED_REQUEST'],
  [
    'a broken escape in the path',
    `GET /%zz HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
    400,
    'VALIDATION_FAILED',
  ],
  [
    'the address of a proxied site',
    `GET http://evil.test/ HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
    421,
    'MISDIRECTED_REQUEST',
  ],
])('%s is answered with the body of all errors', async (_, bytes, status, code) => {
  const { port } = await startEndpoint(echo, async () => ({}));
  const answer = parseAnswer(await exchange(port, bytes));
  expect(answer.status).toBe(status);
  expect(errorBody.parse(answer.body).code).toBe(code);
  expect(answer.head.toLowerCase()).toContain(
    `x-request-id: ${errorBody.parse(answer.body).request_id}`,
  );
});

test('a body sent with "Expect: 100-continue" is asked for, another expectation is ignored', async () => {
  const { port } = await startEndpoint(echo, async (input) => input);
  const rest = 'Connection: close\r\n\r\n{"a":1}';
  expect(await exchange(port, `${post(7)}Expect: 100-continue\r\n${rest}`)).toContain(
    '100 Continue',
  );
  expect(await exchange(port, `${post(7)}Expect: miracles\r\n${rest}`)).toMatch(/^HTTP\/1.1 200/);
});

test('who sends the headers too slowly is cut with 408', async () => {
  const { port } = await startServer(() => {}, { limits: { headersTimeoutMs: 200 } });
  const answer = parseAnswer(await exchange(port, 'GET / HTTP/1.1\r\nHost: local'));
  expect(answer).toMatchObject({ status: 408, body: { code: 'REQUEST_TIMEOUT' } });
});

test('who sends the body too slowly is cut with 408', async () => {
  const { port } = await startEndpoint(echo, async () => ({}), {
    limits: { requestTimeoutMs: 300, headersTimeoutMs: 200 },
  });
  const answer = parseAnswer(await exchange(port, `${post(10)}\r\n{"a"`));
  expect(answer).toMatchObject({ status: 408, body: { code: 'REQUEST_TIMEOUT' } });
});

test('a caller who hangs up aborts the signal of the call', async () => {
  const aborted = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const { port } = await startEndpoint(read, async (_, call) => {
    call.signal.addEventListener('abort', () => aborted.resolve());
    started.resolve();
    await aborted.promise;
    return { ok: true };
  });
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET /things/1 HTTP/1.1\r\n${head}\r\n`);
  await started.promise;
  socket.destroy();
  await aborted.promise;
});

test('the signal of an answered call does not abort', async () => {
  let signal: AbortSignal | undefined;
  const { port } = await startEndpoint(read, async (_, call) => {
    signal = call.signal;
    return { ok: true };
  });
  await exchange(port, `GET /things/1 HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
  expect(signal?.aborted).toBe(false);
});

test('a port that is taken is named when the server starts', async () => {
  const { port } = await startServer();
  await expect(startServer(() => {}, { port })).rejects.toThrow(
    `Another process listens on 127.0.0.1:${port}. Stop it, or choose another port with BORGOS_PORT`,
  );
});
