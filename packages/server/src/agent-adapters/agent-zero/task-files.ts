import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

const mostFiles = 20;
/** What is read of one file: what is kept of a text is less. */
const mostBytes = 16_384;

export interface TaskFile {
  name: string;
  /** `null`: there is none. */
  bytes: number | null;
  /** Its beginning; `null`: it is no text. */
  text: string | null;
}

/** The names in `files` of the input of a task: those that the agent is to leave in its folder. */
export function filesAsked({ files }: Record<string, unknown>): string[] {
  if (!Array.isArray(files)) return [];
  return files.filter((name) => typeof name === 'string' && name !== '').slice(0, mostFiles);
}

/** Reads them; what does not lie in the folder, also by a link, is not there. */
export async function readFiles(folder: string, names: string[]): Promise<TaskFile[]> {
  const root = await realpath(folder);
  return Promise.all(names.map((name) => readOne(root, name)));
}

async function readOne(root: string, name: string): Promise<TaskFile> {
  const none = { name, bytes: null, text: null };
  const file = await realpath(join(root, name)).catch(() => '');
  if (!file.startsWith(`${root}${sep}`)) return none;
  const handle = await open(file).catch(() => undefined);
  if (!handle) return none;
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return none;
    const length = Math.min(stat.size, mostBytes);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return { name, bytes: stat.size, text: buffer.includes(0) ? null : buffer.toString('utf8') };
  } finally {
    await handle.close();
  }
}
