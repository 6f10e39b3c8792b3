import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';

const record = z.object({
  /** It is to run: after a crash of either side it is started again. */
  wanted: z.boolean(),
  directory: z.string(),
  port: z.int(),
  process: z.object({ pid: z.int().positive(), startedAt: z.string() }).nullable(),
});

/** What the next life of BorgOS must know of the process. */
export type ProcessRecord = z.infer<typeof record>;

/** `null`: there was none. */
export async function readRecord(file: string): Promise<ProcessRecord | null> {
  const text = await readFile(file, 'utf8').catch(() => 'null');
  try {
    return record.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

export async function writeRecord(file: string, kept: ProcessRecord): Promise<void> {
  const draft = `${file}.new`;
  await writeFile(draft, JSON.stringify(kept), { mode: 0o600, flush: true });
  await rename(draft, file);
}
