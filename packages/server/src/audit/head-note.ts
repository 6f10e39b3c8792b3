import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Head } from './store.ts';

const largestNote = 1024;
const note = z.object({
  seq: z.int().min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Where the newest entry is noted outside of the database. */
export function noteFile(home: string): string {
  return path.join(home, 'audit-head.json');
}

/**
 * What was noted last; `undefined` when nothing was, `'unreadable'` when the file holds something
 * else, which BorgOS never writes.
 */
export async function readNote(home: string): Promise<Head | 'unreadable' | undefined> {
  try {
    const text = await readFile(noteFile(home), 'utf8');
    if (text.length > largestNote) return 'unreadable';
    return note.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    if (error instanceof SyntaxError || error instanceof z.ZodError) return 'unreadable';
    throw error;
  }
}

export async function writeNote(home: string, { seq, hash }: Head): Promise<void> {
  const file = noteFile(home);
  // In one step, so that a crash leaves no half of it, which would look like tampering.
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify({ seq, hash })}\n`, { mode: 0o600, flush: true });
  await rename(draft, file);
}
