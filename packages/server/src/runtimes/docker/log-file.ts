import {
  type FileHandle,
  mkdir,
  open,
  readFile,
  rename,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { createTurns } from '../turns.ts';
import { type LogPosition, logPosition } from './log-position.ts';

/** Then the file becomes `<path>.1` in place of the one that has that name. */
const maximumSize = 10 * 1024 * 1024;
/** How much may be in the file that the position does not tell of yet. */
const maximumUnsaved = 256 * 1024;
const saveDelayMs = 200;

const savedSchema = z.object({
  /** The size of the file that the positions belong to. */
  size: z.int(),
  /** By container id. */
  positions: z.record(z.string(), logPosition),
});

/**
 * The file that a deployment's output is appended to, with a small file `<path>.position` beside it
 * that tells how far each container was copied. The position is saved after the output; what a
 * crash leaves in the file beyond it is cut off when the file is opened again and copied anew, so
 * that nothing is lost or there twice.
 */
export interface LogFile {
  /** Appends the bytes; `position` is the container's after them. */
  append(container: string, bytes: Buffer, position: LogPosition): Promise<void>;
  positionOf(container: string): LogPosition;
  /** Writes the positions down now. */
  save(): Promise<void>;
  /** The container is gone. */
  forget(container: string): Promise<void>;
  close(): Promise<void>;
}

export async function openLogFile(path: string): Promise<LogFile> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const positionFile = `${path}.position`;
  const saved = await readSaved(positionFile);
  let size = await cutUnsaved(path, saved);
  let handle: FileHandle | null = await open(path, 'a', 0o600);
  const positions = new Map<string, LogPosition>(Object.entries(saved?.positions ?? {}));
  let unsaved = 0;
  let changed = false;
  let timer: NodeJS.Timeout | null = null;
  const turns = createTurns();

  /** One operation at a time: size and positions must not change while they are written. */
  const inTurn = <T>(operation: () => Promise<T>) => turns.take(path, operation);

  async function write(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (!changed) return;
    const content = JSON.stringify({ size, positions: Object.fromEntries(positions) });
    await writeFile(`${positionFile}.new`, content, { mode: 0o600 });
    await rename(`${positionFile}.new`, positionFile);
    unsaved = 0;
    changed = false;
  }

  async function rotate(): Promise<void> {
    await write();
    await handle?.close();
    handle = null;
    await rename(path, `${path}.1`);
    size = 0;
    changed = true;
    await write();
  }

  async function appendBytes(bytes: Buffer): Promise<void> {
    if (size > 0 && size + bytes.length > maximumSize) await rotate();
    handle ??= await open(path, 'a', 0o600);
    try {
      await handle.writeFile(bytes);
    } catch (error) {
      // A part may have been written, on a full disk; it will be written again.
      await truncate(path, size);
      throw error;
    }
    size += bytes.length;
    unsaved += bytes.length;
  }

  return {
    append: (container, bytes, position) =>
      inTurn(async () => {
        await appendBytes(bytes);
        positions.set(container, position);
        changed = true;
        if (unsaved >= maximumUnsaved) await write();
        // A failure shows at the next save that somebody waits for.
        else timer ??= setTimeout(() => void inTurn(write).catch(() => {}), saveDelayMs);
      }),
    positionOf: (container) => structuredClone(positions.get(container) ?? {}),
    save: () => inTurn(write),
    forget: (container) =>
      inTurn(async () => {
        changed = positions.delete(container) || changed;
        await write();
      }),
    close: () =>
      inTurn(async () => {
        await write();
        await handle?.close();
        handle = null;
      }),
  };
}

/** Missing or damaged: as if nothing had been copied. */
async function readSaved(path: string): Promise<z.infer<typeof savedSchema> | null> {
  try {
    return savedSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
}

/** Returns the size of the file after it. */
async function cutUnsaved(
  path: string,
  saved: z.infer<typeof savedSchema> | null,
): Promise<number> {
  const size = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  if (saved === null || size <= saved.size || Object.keys(saved.positions).length === 0)
    return size;
  // More than can be unsaved was written by something else, such as the process runtime.
  if (size - saved.size > 2 * maximumUnsaved) return size;
  await truncate(path, saved.size);
  return saved.size;
}
