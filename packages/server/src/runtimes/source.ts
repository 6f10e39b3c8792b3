import type { Dirent, Stats } from 'node:fs';
import { lstat, opendir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleaseFailure } from '../errors.ts';
import { type DockerIgnore, type IgnoreMatch, parseDockerIgnore } from './dockerignore.ts';
import { codeOf } from './error-code.ts';
import { linkLeadsOut } from './source-links.ts';
import { createSourceTally, type SourceTally } from './source-tally.ts';

export interface SourceEntry {
  /** Relative to the directory, with slashes. */
  path: string;
  absolute: string;
  kind: 'file' | 'directory' | 'symlink';
  /** The permission bits. */
  mode: number;
  /** Bytes; 0 unless it is a file. */
  size: number;
  /** `null` unless it is a symlink. */
  linkTarget: string | null;
  modifiedAt: Date;
}

/** Bounds the rules, each of which every path is held against. */
const maximumIgnoreFile = 64 * 1024;
/** How many entries are looked at together: enough to keep the thread pool busy. */
const batchSize = 64;

/**
 * What is left out of a project that has no `.dockerignore`: what its tools make again. Names that
 * may just as well be a folder of sources count only at the top.
 */
const defaultRules = [
  ...['node_modules', '.venv', '__pycache__', '.next/cache', '.nuxt', '.svelte-kit', '.turbo'],
  ...[
    '.parcel-cache',
    '.pytest_cache',
    '.mypy_cache',
    '.ruff_cache',
    '.tox',
    '.gradle',
    '.DS_Store',
  ],
]
  .map((name) => `**/${name}`)
  .concat('venv', 'target', 'coverage', '.cache', '.idea', '.hg', '.svn')
  .join('\n');

/**
 * Lists what a build gets of a project: by its `.dockerignore`, or a default when it has none;
 * never `.git`, `.env` and `.env.*` (but `.env.example`), at any depth. `keep` names files, relative
 * to the directory, that stay whatever the rules say. Symlinks are never followed; sockets, devices
 * and fifos are left out. A folder stands before what is in it, and siblings are sorted, so that the
 * same sources always give the same list. `bytes` is the size of all files.
 *
 * Throws `ReleaseFailure` SOURCE_MISSING, SOURCE_UNSAFE (a link leads out), SOURCE_TOO_LARGE (over
 * 100,000 entries or 1 GiB), BUILD_FAILED (a malformed `.dockerignore`), and the signal's reason.
 */
export async function listSource(
  directory: string,
  options: { signal: AbortSignal; keep?: string[] },
): Promise<{ entries: SourceEntry[]; bytes: number }> {
  const { signal, keep = [] } = options;
  const ignore = await readRules(directory, keep);
  const entries: SourceEntry[] = [];
  const tally = createSourceTally(directory);

  async function walk(folder: string, parent: IgnoreMatch | null): Promise<void> {
    const names = await readNames(directory, folder, ignore, parent, tally, signal);
    for (let start = 0; start < names.length; start += batchSize) {
      signal.throwIfAborted();
      const batch = await Promise.all(
        names.slice(start, start + batchSize).map(async (name) => ({
          ...name,
          entry: await lookAt(directory, name.path),
        })),
      );
      for (const { path, match, entry } of batch) {
        if (entry === null) continue;
        const place = entries.length;
        if (!match.ignored) {
          tally.add(path, entry.size);
          entries.push(entry);
        }
        if (entry.kind !== 'directory') continue;
        await walk(path, match);
        // A folder that the rules leave out comes along only for what they bring back in it.
        if (match.ignored && entries.length > place) {
          tally.add(path, 0);
          entries.splice(place, 0, entry);
        }
      }
    }
  }

  await walk('', null);
  return { entries, bytes: tally.bytes };
}

interface Name {
  path: string;
  match: IgnoreMatch;
}

/** The names in a folder that may be part of the source, sorted. */
async function readNames(
  directory: string,
  folder: string,
  ignore: DockerIgnore,
  parent: IgnoreMatch | null,
  tally: SourceTally,
  signal: AbortSignal,
): Promise<Name[]> {
  const names: Name[] = [];
  let kept = 0;
  try {
    for await (const found of await opendir(join(directory, folder), { bufferSize: 256 })) {
      signal.throwIfAborted();
      if (neverCopied(found)) continue;
      const path = folder === '' ? found.name : `${folder}/${found.name}`;
      const match = ignore.match(path, parent);
      if (match.ignored && !(found.isDirectory() && ignore.mayRestoreInside(path))) continue;
      names.push({ path, match });
      if (!match.ignored) kept += 1;
      // Here already, so that a huge folder is refused before its names fill the memory.
      tally.expect(folder, kept);
    }
  } catch (error) {
    if (signal.aborted || error instanceof ReleaseFailure) throw error;
    throw unreadable(join(directory, folder), folder === '', error);
  }
  return names.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function neverCopied(found: Dirent): boolean {
  const { name } = found;
  if (name === '.git' || name === '.env') return true;
  if (name.startsWith('.env.')) return name !== '.env.example';
  return !found.isFile() && !found.isDirectory() && !found.isSymbolicLink();
}

/** `null`: it is gone by now, or not a kind that can be copied. */
async function lookAt(directory: string, path: string): Promise<SourceEntry | null> {
  const absolute = join(directory, path);
  let stats: Stats;
  let linkTarget: string | null = null;
  try {
    stats = await lstat(absolute);
    if (stats.isSymbolicLink()) linkTarget = await readlink(absolute);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw unreadable(absolute, false, error);
  }
  if (linkTarget !== null && (await linkLeadsOut(directory, path, linkTarget))) {
    throw new ReleaseFailure(
      'SOURCE_UNSAFE',
      `The link ${path} leads out of the project, to ${linkTarget}, and is not followed: replace it by a copy of what it points to, or leave it out with a line "${path}" in .dockerignore.`,
    );
  }
  const kind = kindOf(stats);
  if (kind === null) return null;
  return {
    path,
    absolute,
    kind,
    mode: stats.mode & 0o7777,
    size: kind === 'file' ? stats.size : 0,
    linkTarget,
    modifiedAt: stats.mtime,
  };
}

function kindOf(stats: Stats): SourceEntry['kind'] | null {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : null;
}

async function readRules(directory: string, keep: string[]): Promise<DockerIgnore> {
  const kept = keep.map((path) => `\n!${path.replace(/[*?[\]\\]/g, '\\$&')}`).join('');
  const file = await lookAt(directory, '.dockerignore');
  // A link that comes here stays in the project, so it may be followed; to a fifo it would hang.
  const stats = file === null ? null : await stat(file.absolute).catch(() => null);
  if (file === null || !stats?.isFile()) return parseDockerIgnore(defaultRules + kept);
  if (stats.size > maximumIgnoreFile) {
    throw new ReleaseFailure('BUILD_FAILED', '.dockerignore is larger than 64 KiB: shorten it.');
  }
  try {
    return parseDockerIgnore((await readFile(file.absolute, 'utf8')) + kept);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ReleaseFailure('BUILD_FAILED', `.dockerignore can't be used: ${reason}`, {
      cause: error,
    });
  }
}

function unreadable(path: string, isRoot: boolean, error: unknown): ReleaseFailure {
  const reason = codeOf(error) ?? String(error);
  const remedy = isRoot
    ? 'check the path of the project and that BorgOS may read it'
    : 'let BorgOS read it, or leave it out with a line in .dockerignore';
  return new ReleaseFailure('SOURCE_MISSING', `${path} can't be read (${reason}): ${remedy}.`, {
    cause: error,
  });
}
