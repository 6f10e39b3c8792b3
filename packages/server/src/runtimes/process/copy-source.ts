import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import type { ExtraFile } from '../../deployments/recipe.ts';
import { ReleaseFailure } from '../../errors.ts';
import { codeOf } from '../error-code.ts';
import type { SourceEntry } from '../source.ts';

const batchSize = 32;

/** Copies listed sources into an empty folder, sharing blocks with them where the disk can. */
export async function copySource(
  entries: SourceEntry[],
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const folders = entries.filter((entry) => entry.kind === 'directory');
  for (const { path } of folders) {
    signal.throwIfAborted();
    await mkdir(resolve(target, path), { recursive: true });
  }
  const others = entries.filter((entry) => entry.kind !== 'directory');
  for (let start = 0; start < others.length; start += batchSize) {
    signal.throwIfAborted();
    const batch = others.slice(start, start + batchSize);
    await Promise.all(batch.map((entry) => copyEntry(entry, resolve(target, entry.path))));
  }
  // Last, as nothing could be put into a folder that is read-only.
  for (const { path, mode } of folders) await chmod(resolve(target, path), (mode & 0o777) | 0o700);
}

async function copyEntry(entry: SourceEntry, target: string): Promise<void> {
  try {
    if (entry.linkTarget !== null) {
      await symlink(entry.linkTarget, target);
    } else {
      await copyFile(entry.absolute, target, constants.COPYFILE_FICLONE);
      // Without setuid and setgid: whoever runs the project must not get its owner's rights.
      await chmod(target, (entry.mode & 0o777) | 0o600);
    }
  } catch (error) {
    const code = codeOf(error);
    // It was deleted since it was listed, as if the build had begun a moment later.
    if (code === 'ENOENT') return;
    const remedy =
      code === 'EACCES'
        ? 'let BorgOS read it, or leave it out with a line in .dockerignore'
        : 'see to it, then deploy again';
    throw new ReleaseFailure(
      'SOURCE_MISSING',
      `${entry.absolute} can't be copied (${code ?? String(error)}): ${remedy}.`,
      { cause: error },
    );
  }
}

/** Writes the files that the recipe adds. */
export async function writeExtraFiles(files: ExtraFile[], target: string): Promise<void> {
  for (const { path, content } of files) {
    const file = resolve(target, path);
    if (!file.startsWith(target + sep)) throw new Error(`${path} leads out of the release`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}
