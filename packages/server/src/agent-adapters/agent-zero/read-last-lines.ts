import { open } from 'node:fs/promises';

/** The end of what it has printed, for a person. */
export async function readLastLines(logFile: string): Promise<string> {
  const handle = await open(logFile).catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, 4_096);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-8).join('\n').slice(-1_500);
  } finally {
    await handle.close();
  }
}
