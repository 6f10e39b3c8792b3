import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { createRedactor, type Redactor } from './redact.ts';

/** Where a deployment's files are, under BORGOS_HOME. */
export interface LogFiles {
  directory(deploymentId: number): string;
  app(deploymentId: number): string;
  build(deploymentId: number, revision: number): string;
}

export function logFiles(home: string): LogFiles {
  const directory = (id: number) => path.join(home, 'deployments', String(id));
  return {
    directory,
    app: (id) => path.join(directory(id), 'app.log'),
    build: (id, revision) => path.join(directory(id), `build-r${revision}.log`),
  };
}

export interface LogPiece {
  content: string;
  offset: number;
  next_offset: number;
  size: number;
}

const newline = 10;

/** The size of a file in bytes; 0 when there is none. */
export async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/**
 * Reads whole lines of at most `maxBytes` bytes from `offset`, or the last ones without it. A file
 * that was rotated is shorter than the offset of who follows it: then it is read from its start.
 * The offsets are those in the file; what `redactor` takes out changes the content only.
 */
export async function readLog(
  file: string,
  { offset, maxBytes }: { offset?: number | undefined; maxBytes: number },
  redactor: Redactor = createRedactor([]),
): Promise<LogPiece> {
  const size = await sizeOf(file);
  const start = offset === undefined ? Math.max(0, size - maxBytes) : offset > size ? 0 : offset;
  const length = Math.min(maxBytes, size - start);
  if (length === 0) return { content: '', offset: start, next_offset: start, size };
  // A secret may begin before the piece and end after it.
  const before = Math.min(start, redactor.reach);
  const seen = await readBytes(file, start - before, before + length + redactor.reach);
  const bytes = seen.subarray(before, before + length);

  // The end of a file is cut where it falls: what precedes the first newline is half a line.
  const isTail = offset === undefined && start > 0;
  const from = isTail ? bytes.indexOf(newline) + 1 : 0;
  // A line that is longer than the piece, or still being written, is given as it is.
  const lastNewline = bytes.lastIndexOf(newline);
  const to = lastNewline > from && start + length < size ? lastNewline + 1 : bytes.length;
  return {
    content: redactor.piece(seen, before + from, before + to),
    offset: start + from,
    next_offset: start + to,
    size,
  };
}

async function readBytes(file: string, start: number, length: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(buffer, 0, length, start);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The last lines of what was written after `start`, for a message. */
export async function lastLines(
  file: string,
  start: number,
  count: number,
  redactor?: Redactor,
): Promise<string> {
  const from = Math.max(start, (await sizeOf(file)) - 4096);
  const { content } = await readLog(file, { offset: from, maxBytes: 4096 }, redactor);
  return content.trimEnd().split('\n').slice(-count).join('\n');
}
