import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { lifeSchema, type RunnerSettings } from './runner.ts';

const record = z.object({
  /** It is to run: after a crash of either side it is started again. */
  wanted: z.boolean(),
  directory: z.string(),
  port: z.int(),
  image: z.string().nullable().default(null),
  process: lifeSchema.nullable(),
});

/** What the next life of BorgOS must know of that of Agent Zero. */
export type LifeRecord = z.infer<typeof record>;

/** `null`: there was none. */
export async function readRecord(file: string): Promise<LifeRecord | null> {
  const text = await readFile(file, 'utf8').catch(() => 'null');
  try {
    return record.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

export async function writeRecord(file: string, kept: LifeRecord): Promise<void> {
  const draft = `${file}.new`;
  await writeFile(draft, JSON.stringify(kept), { mode: 0o600, flush: true });
  await rename(draft, file);
}

export function isOf(kept: LifeRecord, settings: RunnerSettings): boolean {
  return (
    kept.directory === settings.directory &&
    kept.port === settings.port &&
    kept.image === settings.image
  );
}
