import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { readRegularFile } from '../walk/read-regular-file.ts';
import { isTrue, lastOf } from './git-config.ts';
import { fileType, gitLink, type IndexEntry, symbolicLink, visitGitIndex } from './git-index.ts';
import { type Repository, usesSha256 } from './repository.ts';

const mostBytesOfOne = 32 * 1_048_576;
const mostBytesOfAll = 256 * 1_048_576;

/**
 * Whether a tracked file is another one than git has noted in its index, and how many are tracked.
 * `git status` would run the filters that the settings name, so this looks by itself: a file of
 * another size is changed, one of another time is compared by its hash. What a filter has made of a
 * file, such as one of Git LFS, looks changed when its time does.
 *
 * @returns `hasChanges: undefined` if time, or what may be read, was not enough to know.
 * @throws if the index cannot be read.
 */
export function compareTrackedFiles(
  repository: Repository,
  hasTime: () => boolean,
): { hasChanges: boolean | undefined; trackedFiles: number } {
  const { config, workTree, prefix } = repository;
  const hash = usesSha256(config) ? 'sha256' : 'sha1';
  const modeCounts = isTrue(lastOf(config, 'core.filemode') ?? 'true');
  const written = statSync(path.join(repository.gitDirectory, 'index'), {
    bigint: true,
    throwIfNoEntry: false,
  })?.mtimeNs;
  const folders = new Map<string, boolean>([['.', true]]);
  let bytesLeft = mostBytesOfAll;
  let hasChanges: boolean | undefined = false;
  let isCertain = true;
  let trackedFiles = 0;

  const { isSplit } = visitGitIndex(repository, (entryPath, mode, read) => {
    if ((mode & fileType) === gitLink) return;
    if (entryPath.startsWith(prefix)) trackedFiles += 1;
    if (hasChanges || !isCertain) return;
    if (!hasTime()) isCertain = false;
    else hasChanges = isChanged(entryPath, read());
  });
  // What it says twice may be true once.
  if (isSplit && hasChanges) hasChanges = undefined;
  if (!isCertain && !hasChanges) hasChanges = undefined;
  return { hasChanges, trackedFiles };

  function isChanged(entryPath: string, entry: IndexEntry): boolean {
    if (entry.stage > 0 || entry.intentToAdd) return true;
    if (entry.assumeUnchanged || entry.skipWorktree) return false;
    if (!isPlainFolder(path.dirname(entryPath))) return true;
    const file = path.join(workTree, entryPath);
    const stats = lstatSync(file, { bigint: true, throwIfNoEntry: false });
    if (!stats) return true;
    const isLink = (entry.mode & fileType) === symbolicLink;
    if (isLink ? !stats.isSymbolicLink() : !stats.isFile()) return true;
    if (!isLink && modeCounts && (Number(stats.mode) & 0o100) !== (entry.mode & 0o100)) return true;
    if (Number(BigInt.asUintN(32, stats.size)) !== entry.size && entry.size !== 0) return true;
    if (isOfTime(stats, entry)) return false;
    return isOtherContent(file, isLink, entry);
  }

  /** Noted before the index was written, and not changed since. */
  function isOfTime(stats: BigIntStats, entry: IndexEntry): boolean {
    if (entry.modifiedSeconds === 0 || written === undefined) return false;
    const noted = BigInt(entry.modifiedSeconds) * 1_000_000_000n;
    const isSame =
      entry.modifiedNanoseconds === 0
        ? stats.mtimeNs / 1_000_000_000n === BigInt(entry.modifiedSeconds)
        : stats.mtimeNs === noted + BigInt(entry.modifiedNanoseconds);
    // In the same moment as the index, or later, it may have changed after it was noted.
    const isSizeKnown = entry.size !== 0 || stats.size === 0n;
    return isSame && isSizeKnown && stats.mtimeNs < written;
  }

  function isOtherContent(file: string, isLink: boolean, entry: IndexEntry): boolean {
    let content: Buffer | undefined;
    try {
      const most = Math.min(mostBytesOfOne, bytesLeft);
      content = isLink ? readlinkSync(file, 'buffer') : readRegularFile(file, most);
    } catch {
      isCertain = false;
      return false;
    }
    if (!content) return true;
    bytesLeft -= content.length;
    if (hashOf(content).equals(entry.objectId)) return false;
    // As `core.autocrlf` writes it.
    const text = content.includes('\r\n')
      ? content.toString('latin1').replaceAll('\r\n', '\n')
      : '';
    return text === '' || !hashOf(Buffer.from(text, 'latin1')).equals(entry.objectId);
  }

  function hashOf(content: Buffer): Buffer {
    return createHash(hash).update(`blob ${content.length}\0`).update(content).digest();
  }

  /** Neither the folder nor one above it is a link: that would lead out of the work tree. */
  function isPlainFolder(folder: string): boolean {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const isPlain =
      path.basename(folder) !== '..' &&
      isPlainFolder(path.dirname(folder)) &&
      (lstatSync(path.join(workTree, folder), { throwIfNoEntry: false })?.isDirectory() ?? false);
    folders.set(folder, isPlain);
    return isPlain;
  }
}
