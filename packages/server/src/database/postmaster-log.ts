import { copyFile, type FileHandle, open, stat, truncate } from 'node:fs/promises';

const largestLog = 8 * 1024 * 1024;
const excerptBytes = 8_192;

/**
 * Keeps the log from filling the disk: what is too large becomes `<file>.1`, in place of what was
 * there. The file itself stays, as a server that runs goes on appending to it.
 */
export async function boundPostmasterLog(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (!found || found.size <= largestLog) return;
  await copyFile(file, `${file}.1`);
  await truncate(file);
}

/** What the server has written since the log had `offset` bytes, the last lines of it. */
export async function readLogSince(file: string, offset: number): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const { size } = await handle.stat();
    const from = Math.max(offset, size - excerptBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(excerptBytes), { position: from });
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await handle?.close();
  }
}
