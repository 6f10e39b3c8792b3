import { open } from 'node:fs/promises';

/** More would not help a person, and a log may have endless lines. */
const mostBytes = 64 * 1024;
const mostCharacters = 8 * 1024;

/**
 * The last lines of a file, without what was cut off at their beginning; '' when there is none.
 * @param redact is given whole lines: the rest of a secret would not be known as one
 */
export async function endOfOutput(
  file: string,
  mostLines: number,
  redact: (text: string) => Promise<string>,
): Promise<string> {
  const bytes = await readEnd(file);
  const isWhole = bytes.length < mostBytes;
  const text = isWhole ? bytes : bytes.subarray(bytes.indexOf('\n') + 1 || bytes.length);
  const redacted = await redact(text.toString());
  const lines = redacted.trimEnd().split('\n').slice(-mostLines);
  return lines.join('\n').slice(-mostCharacters).toWellFormed();
}

async function readEnd(file: string): Promise<Buffer> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return Buffer.alloc(0);
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, mostBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
