import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { proxied } from './testing/proxied.ts';
import { startTarget } from './testing/targets.ts';

interface Message {
  chunks: Uint8Array[];
  chunked: boolean;
  headers: [string, string][];
  trailers: [string, string][];
}

const headerName = fc.stringMatching(/^x-[a-zA-Z0-9!#$%&'*+.^`|~]{1,12}$/);
// Inner blanks are significant, outer ones are not part of a value.
const headerValue = fc.stringMatching(
  /^([!-~\x80-\xff]([ \t!-~\x80-\xff]{0,40}[!-~\x80-\xff])?)?$/,
);
const headers = fc.array(fc.tuple(headerName, headerValue), { maxLength: 12 });
const chunk = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300 }),
  fc.integer({ min: 1, max: 200_000 }).map((size) => new Uint8Array(size).fill(size % 251)),
);
const message: fc.Arbitrary<Message> = fc.record({
  chunks: fc.array(chunk, { maxLength: 6 }),
  chunked: fc.boolean(),
  headers,
  trailers: fc.array(fc.tuple(headerName, headerValue), { maxLength: 3 }),
});
const path = fc.stringMatching(/^\/[!$-;=?-Z_a-z~%]{0,40}$/);
const method = fc.constantFrom('POST', 'PUT', 'PATCH', 'GET', 'DELETE', 'QUERY', 'PROPFIND');

/** What of a message is to arrive unchanged. */
function summary(chunks: Uint8Array[], raw: string[], rawTrailers: string[]) {
  const hash = createHash('sha256');
  let length = 0;
  for (const bytes of chunks) {
    hash.update(bytes);
    length += bytes.length;
  }
  return { length, hash: hash.digest('hex'), headers: onlyX(raw), trailers: onlyX(rawTrailers) };
}

function onlyX(raw: string[]): string[] {
  return raw.filter((_value, index) => {
    const name = raw[index - (index % 2)]?.toLowerCase() ?? '';
    return name.startsWith('x-') && !name.startsWith('x-forwarded-');
  });
}

async function receive(incoming: IncomingMessage) {
  const chunks: Uint8Array[] = [];
  for await (const bytes of incoming) chunks.push(bytes);
  return summary(chunks, incoming.rawHeaders, incoming.rawTrailers);
}

function expected({ chunks, chunked, headers, trailers }: Message) {
  return summary(chunks, headers.flat(), chunked ? trailers.flat() : []);
}

function framing({ chunks, chunked }: Message): string[] {
  const length = chunks.reduce((sum, bytes) => sum + bytes.length, 0);
  return chunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(length)];
}

async function write(
  to: import('node:http').OutgoingMessage,
  { chunks, chunked, trailers }: Message,
): Promise<void> {
  for (const bytes of chunks) {
    if (!to.write(bytes)) await once(to, 'drain');
  }
  if (chunked && trailers.length > 0) to.addTrailers(trailers);
  to.end();
}

test('any headers, bodies, chunks and trailers arrive unchanged, both ways', async () => {
  let answer: Message = { chunks: [], chunked: true, headers: [], trailers: [] };
  let got: unknown;
  const app = await startTarget(async (incoming, response) => {
    const summed = await receive(incoming);
    got = { ...summed, url: incoming.url, method: incoming.method };
    response.writeHead(207, 'Quite so', [...framing(answer), ...answer.headers.flat()]);
    await write(response, answer);
  });
  onTestFinished(app.close);
  const { port } = await proxied(app.target);
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());

  await fc.assert(
    fc.asyncProperty(method, path, message, message, async (method, path, sent, back) => {
      answer = back;
      const raw = ['Host', 'a', ...framing(sent), ...sent.headers.flat()];
      const options = { host: '127.0.0.1', port, agent, method, path, headers: raw };
      const outgoing = request(options);
      const response = once(outgoing, 'response');
      await write(outgoing, sent);
      const [incoming]: IncomingMessage[] = await response;
      if (!incoming) throw new Error('no answer');
      const received = await receive(incoming);
      expect(got).toEqual({ ...expected(sent), url: path, method });
      expect(received).toEqual(expected(back));
      expect([incoming.statusCode, incoming.statusMessage]).toEqual([207, 'Quite so']);
    }),
    { numRuns: 150 },
  );
}, 30_000);
