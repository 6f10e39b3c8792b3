import { Readable } from 'node:stream';
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../../errors.ts';
import { decodeBody, defaultBodyLimits } from './read-body.ts';

const text = '{"event_id":"11d052571fd145a2947164ee0639c05b"}\n';
const encodings: [string | undefined, (bytes: Buffer) => Buffer][] = [
  [undefined, (bytes) => bytes],
  ['', (bytes) => bytes],
  ['identity', (bytes) => bytes],
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ['zstd', zstdCompressSync],
];

test.each(encodings)(
  'takes a body of the encoding %s, in one piece and as a stream',
  async (encoding, encode) => {
    const sent = encode(Buffer.from(text));
    expect((await decodeBody(sent, encoding)).toString()).toBe(text);
    const pieces = Readable.from([...sent].map((byte) => Buffer.of(byte)));
    expect((await decodeBody(pieces, encoding)).toString()).toBe(text);
    expect(await decodeBody(Buffer.of(), encoding)).toHaveLength(0);
  },
);

test.each(['compress', 'gzip, br', '__proto__', 'constructor'])(
  'refuses the encoding %s and names those that there are',
  async (encoding) => {
    await expect(decodeBody(Buffer.from(text), encoding)).rejects.toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: expect.stringMatching(/identity, gzip, .*br, zstd/),
    });
  },
);

const tooLarge = { code: 'PAYLOAD_TOO_LARGE' };

test.each(encodings.slice(3))(
  'inflates no bomb of %s beyond the limit',
  async (encoding, encode) => {
    const bomb = encode(Buffer.alloc(64 * 1024 * 1024));
    const before = process.memoryUsage().rss;
    await expect(decodeBody(bomb, encoding)).rejects.toMatchObject(tooLarge);
    expect(process.memoryUsage().rss - before).toBeLessThan(48 * 1024 * 1024);
  },
);

test('reads no more of a stream than the limit, and leaves its socket for the answer', async () => {
  let pieces = 0;
  const endless = new Readable({
    read() {
      pieces += 1;
      this.push(Buffer.alloc(64 * 1024));
    },
  });
  await expect(decodeBody(endless, undefined)).rejects.toMatchObject(tooLarge);
  expect(pieces).toBeLessThan(40);
  expect(endless.destroyed).toBe(false);
  await expect(
    decodeBody(Buffer.alloc(defaultBodyLimits.sent + 1), undefined),
  ).rejects.toMatchObject(tooLarge);
});

test('gives up on a body that does not come, and on one that breaks off', async () => {
  const silent = new Readable({ read() {} });
  await expect(
    decodeBody(silent, undefined, { ...defaultBodyLimits, timeout: 20 }),
  ).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
  const broken = new Readable({
    read() {
      this.destroy(new Error('aborted'));
    },
  });
  await expect(decodeBody(broken, undefined)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
});

test('refuses what is not compressed as it says, or not to its end', async () => {
  for (const [encoding, encode] of encodings.slice(3)) {
    for (const sent of [Buffer.from(text), encode(Buffer.from(text)).subarray(0, -6)]) {
      await expect(decodeBody(sent, encoding)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    }
  }
});

test('throws nothing but refusals, whatever the bytes and the encoding are', async () => {
  const encoding = fc.oneof(fc.constantFrom('gzip', 'deflate', 'br', 'zstd'), fc.string());
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), encoding, async (bytes, name) => {
      try {
        await decodeBody(Buffer.from(bytes), name);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
      }
    }),
    { numRuns: 300 },
  );
});
