import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliDecompress,
  gunzip,
  inflate,
  inflateRaw,
  type ZlibOptions,
  zstdDecompress,
} from 'node:zlib';
import { AppError } from '../../errors.ts';

export interface BodyLimits {
  /** Bytes as they are sent. */
  sent: number;
  /** Bytes after decompression. */
  decoded: number;
  /** Milliseconds until all of it has to be there. */
  timeout: number;
}

/**
 * Sentry itself takes 20 MiB and 100 MiB, most of which is for attachments, which are not kept here.
 * An event has 1 MiB at most.
 */
export const defaultBodyLimits: BodyLimits = {
  sent: 2 * 1024 * 1024,
  decoded: 8 * 1024 * 1024,
  timeout: 10_000,
};

/**
 * The body of a request without its compression. Not more than the limits allow is ever held, and
 * it is decompressed beside the event loop.
 * @param contentEncoding the header of that name
 * @throws AppError UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, REQUEST_TIMEOUT, VALIDATION_FAILED
 */
export async function decodeBody(
  body: Readable | Buffer,
  contentEncoding: string | undefined,
  limits: BodyLimits = defaultBodyLimits,
): Promise<Buffer> {
  const encoding = (contentEncoding ?? '').trim().toLowerCase() || 'identity';
  const decompress = decompressors[encoding];
  if (!decompress) {
    throw new AppError(
      'UNSUPPORTED_MEDIA_TYPE',
      `Content-Encoding ${JSON.stringify(encoding.slice(0, 50))} is not supported; ${Object.keys(decompressors).join(', ')} are`,
    );
  }
  const sent = Buffer.isBuffer(body) ? within(limits.sent, body) : await collect(body, limits);
  // Nothing is no valid gzip either, and an SDK that has nothing to say is no error.
  if (sent.length === 0) return sent;
  try {
    return within(limits.decoded, await decompress(sent, { maxOutputLength: limits.decoded }));
  } catch (error) {
    if (error instanceof AppError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(limits.decoded, 'decompressed');
    }
    throw new AppError(
      'VALIDATION_FAILED',
      `The body is not what Content-Encoding says, or not all of it: ${encoding} expected`,
      { cause: error },
    );
  }
}

type Decompress = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const gzip: Decompress = promisify<Buffer, ZlibOptions, Buffer>(gunzip);
const zlibFormat: Decompress = promisify<Buffer, ZlibOptions, Buffer>(inflate);
const rawFormat: Decompress = promisify<Buffer, ZlibOptions, Buffer>(inflateRaw);

const decompressors: Readonly<Partial<Record<string, Decompress>>> = {
  __proto__: null as never,
  identity: async (bytes) => bytes,
  gzip,
  'x-gzip': gzip,
  // The name means the zlib format, and is used for the raw one too.
  deflate: (bytes, options) => (hasZlibHeader(bytes) ? zlibFormat : rawFormat)(bytes, options),
  br: promisify(brotliDecompress) as Decompress,
  zstd: promisify(zstdDecompress) as Decompress,
};

function hasZlibHeader(bytes: Buffer): boolean {
  return bytes.length >= 2 && ((bytes[0] ?? 0) & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0;
}

/**
 * Not with `for await`, which destroys what it leaves: a refusal has to go out on the same socket.
 */
async function collect(stream: Readable, limits: BodyLimits): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const iterator = stream[Symbol.asyncIterator]();
  const late = lateness(limits.timeout);
  try {
    for (;;) {
      const { done, value } = await Promise.race([iterator.next(), late.promise]);
      if (done) return Buffer.concat(chunks, size);
      size += value.length;
      if (size > limits.sent) throw tooLarge(limits.sent, 'as it is sent');
      chunks.push(value);
    }
  } catch (error) {
    stream.pause();
    if (error instanceof AppError) throw error;
    throw new AppError('VALIDATION_FAILED', 'The connection ended before the whole body was sent', {
      cause: error,
    });
  } finally {
    late.cancel();
  }
}

function lateness(milliseconds: number) {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(
      new AppError(
        'REQUEST_TIMEOUT',
        `The body was not there after ${milliseconds / 1000} seconds`,
      ),
    );
  }, milliseconds);
  return { promise, cancel: () => clearTimeout(timer) };
}

function within(limit: number, bytes: Buffer): Buffer {
  if (bytes.length > limit) throw tooLarge(limit, 'as it is sent');
  return bytes;
}

function tooLarge(limit: number, how: string): AppError {
  return new AppError(
    'PAYLOAD_TOO_LARGE',
    `The body has more than ${limit} bytes ${how}, which are the most; leave out attachments`,
  );
}
