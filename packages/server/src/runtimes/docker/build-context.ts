import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type Pack, pack } from 'tar-stream';
import type { ExtraFile } from '../../deployments/recipe.ts';
import { ReleaseFailure } from '../../errors.ts';
import type { SourceEntry } from '../source.ts';

type Sink = ReturnType<Pack['entry']>;

/**
 * What the builder gets, as a tar stream that is made as fast as it is read. A file of `extraFiles`
 * stands in for one of the sources of the same path. An error destroys the stream.
 */
export function packBuildContext(options: {
  entries: SourceEntry[];
  extraFiles: ExtraFile[];
  signal: AbortSignal;
}): Readable {
  const { entries, extraFiles, signal } = options;
  const tar = pack();
  const replaced = new Set(extraFiles.map(({ path }) => path));
  // The rules of the project are applied by now; to the builder they would only hide extra files.
  replaced.add('.dockerignore');
  const kept = entries.filter(({ path }) => !replaced.has(path));
  fill(tar, kept, extraFiles, signal).then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(toError(error)),
  );
  const context = Readable.from(tar, { objectMode: false });
  // Else a stream that is given up before it is read would leave its file open.
  context.on('close', () => tar.destroy());
  return context;
}

async function fill(
  tar: Pack,
  entries: SourceEntry[],
  extraFiles: ExtraFile[],
  signal: AbortSignal,
): Promise<void> {
  for (const entry of entries) {
    signal.throwIfAborted();
    const header = { name: entry.path, mode: entry.mode, mtime: entry.modifiedAt };
    if (entry.kind === 'directory') tar.entry({ ...header, type: 'directory' });
    else if (entry.kind === 'file') await addFile(tar, header, entry);
    else tar.entry({ ...header, type: 'symlink', linkname: entry.linkTarget ?? '' });
  }
  for (const { path, content } of extraFiles) {
    signal.throwIfAborted();
    await written((done) => tar.entry({ name: path, mode: 0o644 }, content, done));
  }
}

async function addFile(
  tar: Pack,
  header: { name: string; mode: number; mtime: Date },
  entry: SourceEntry,
): Promise<void> {
  const file = await openRegular(entry);
  try {
    // What counts is the size now: the listing may be seconds old.
    const { size } = await file.stat();
    if (size === 0) {
      await written((done) => tar.entry({ ...header, size }, '', done));
      return;
    }
    await written((done) => {
      const sink = tar.entry({ ...header, size }, done);
      feed(sink, file, size).catch((error: unknown) => sink.destroy(toError(error)));
    });
  } catch (error) {
    if (error instanceof ReleaseFailure) throw error;
    throw changed(entry, error);
  } finally {
    await file.close();
  }
}

/** Writes exactly `size` bytes; a file that shrank meanwhile makes the entry fail. */
async function feed(sink: Sink, file: FileHandle, size: number): Promise<void> {
  for await (const chunk of file.createReadStream({ start: 0, end: size - 1, autoClose: false })) {
    if (sink.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      sink.once('drain', resolve);
      sink.once('close', resolve);
    });
    if (sink.destroyed) return;
  }
  sink.end(null);
}

/** A link or a fifo put in its place since it was listed is refused rather than followed. */
async function openRegular(entry: SourceEntry): Promise<FileHandle> {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(entry.absolute, flags);
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (error) {
    throw changed(entry, error);
  }
  throw changed(entry, undefined);
}

function changed(entry: SourceEntry, cause: unknown): ReleaseFailure {
  const reason = cause instanceof Error ? cause.message : 'it is no regular file any more';
  return new ReleaseFailure(
    'BUILD_FAILED',
    `${entry.path} can't be read, or changed while it was being read (${reason}): deploy again once nothing writes to it.`,
    { cause },
  );
}

function written(write: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    write((error) => (error ? reject(error) : resolve()));
  });
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
