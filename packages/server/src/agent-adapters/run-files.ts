import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentFailure } from '../agents/adapter.ts';

/** The files of one attempt. */
export interface RunFiles {
  directory: string;
  prompt: string;
  output: string;
  errors: string;
  /** Where an agent of the format `borgos` reads what it is answered. */
  answers: string;
}

export function runFiles(folder: string, externalRef: string): RunFiles {
  const directory = join(folder, externalRef);
  return {
    directory,
    prompt: join(directory, 'prompt.txt'),
    output: join(directory, 'output.log'),
    errors: join(directory, 'errors.log'),
    answers: join(directory, 'answers.jsonl'),
  };
}

/**
 * Makes them for an attempt that was never begun.
 * @throws AgentFailure INTERRUPTED when it was
 */
export async function makeRunFiles(files: RunFiles, prompt: string): Promise<void> {
  try {
    await mkdir(files.directory, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    throw new AgentFailure('INTERRUPTED', 'It was begun before, and is not begun twice', {
      cause: error,
    });
  }
  await writeFile(files.prompt, prompt, { mode: 0o600, flush: true });
  for (const file of [files.output, files.errors, files.answers]) {
    await writeFile(file, '', { mode: 0o600 });
  }
}

/** Whether the attempt came as far as to have its files. */
export function hasOutput({ answers }: RunFiles): Promise<boolean> {
  return stat(answers).then(
    () => true,
    () => false,
  );
}

const keptDays = 14;
const keptRuns = 500;
const forgetMs = 3_600_000;

/** What is called when an attempt begins, and removes old ones now and then: nobody waits for it. */
export function createForgetting(
  folder: string,
  isRunning: (externalRef: string) => boolean,
): () => void {
  let forgotAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - forgotAt < forgetMs) return;
    forgotAt = performance.now();
    forgetOldRuns(folder, isRunning).catch(() => {});
  };
}

/** Removes the files of attempts that are too old or too many, but for those that still run. */
async function forgetOldRuns(
  folder: string,
  isRunning: (externalRef: string) => boolean,
): Promise<void> {
  const runs: { name: string; at: number }[] = [];
  for (const name of await readdir(folder)) {
    if (!/^borgos-\d+-\d+$/.test(name) || isRunning(name)) continue;
    // One that is being made by another adapter has no output yet.
    const place = join(folder, name);
    const at = await stat(join(place, 'output.log'))
      .catch(() => stat(place))
      .then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
    runs.push({ name, at });
  }
  const oldest = Date.now() - keptDays * 86_400_000;
  const old = runs
    .sort((a, b) => b.at - a.at)
    .filter(({ at }, place) => place >= keptRuns || at < oldest);
  for (const { name } of old) await rm(join(folder, name), { recursive: true, force: true });
}
