import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { withPort } from '../../deployments/recipe.ts';
import type { Instance, InstanceSpec } from '../../deployments/runtime.ts';

const environment = z.record(z.string(), z.string());

const instanceRecord = z.object({
  deploymentId: z.number(),
  revision: z.number(),
  generation: z.number(),
  name: z.string(),
  artifact: z.string(),
  command: z.array(z.string()),
  environment,
  cpus: z.number().nullable(),
  memory: z.number().nullable(),
  logFile: z.string(),
  port: z.number(),
  /** `null` unless it runs, or BorgOS was killed before it could note down the process. */
  process: z.object({ pid: z.number(), startedAt: z.string() }).nullable(),
  /** Of its last start; `null`: it was never started yet. */
  startedAt: z.string().nullable(),
  /** With the one that follows its last exit. */
  restarts: z.number(),
  /** Of its last exit. */
  exitCode: z.number().nullable(),
  outOfMemory: z.boolean(),
  /** What the control group had counted at the last start: more than that came since. */
  outOfMemoryKills: z.number(),
  /** It is to go: whatever happens, it isn't started again. */
  stopping: z.boolean(),
});

/** As it is on disk: the environment sealed, or plain as the first version wrote it. */
const storedRecord = instanceRecord.extend({ environment: z.union([z.string(), environment]) });

/** All that is needed to find an instance again, or to start it again, after BorgOS was killed. */
export type InstanceRecord = z.infer<typeof instanceRecord>;

/** Encrypts text for one place, given as context, and back. */
export interface Sealing {
  seal(text: string, context: string): string;
  /** @throws Error for what was not sealed for that place by a key that is there */
  open(sealed: string, context: string): string;
}

/** Instances on disk, one file each, readable by BorgOS's user only; environments are sealed. */
export interface InstanceRecords {
  /** Durable when it returns. */
  write(record: InstanceRecord): Promise<void>;
  remove(name: string): Promise<void>;
  /** `unreadable` are files that hold no record, such as those of another version. */
  readAll(): Promise<{ records: InstanceRecord[]; unreadable: string[] }>;
}

export async function openInstanceRecords(
  directory: string,
  sealing: Sealing,
): Promise<InstanceRecords> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const fileOf = (name: string) => join(directory, `${name}.json`);

  async function write(record: InstanceRecord): Promise<void> {
    const text = JSON.stringify(record.environment);
    const sealed = sealing.seal(text, contextOf(record));
    await replaceFile(fileOf(record.name), { ...record, environment: sealed });
  }

  async function readRecord(file: string): Promise<InstanceRecord | null> {
    try {
      const stored = storedRecord.parse(JSON.parse(await readFile(file, 'utf8')));
      if (typeof stored.environment === 'string') {
        const text = sealing.open(stored.environment, contextOf(stored));
        return instanceRecord.parse({ ...stored, environment: JSON.parse(text) });
      }
      const record = instanceRecord.parse(stored);
      // On a full disk it stays as it is until the next change: what runs must be found again.
      await write(record).catch(() => {});
      return record;
    } catch {
      return null;
    }
  }

  return {
    write,

    async remove(name) {
      await rm(fileOf(name), { force: true });
    },

    async readAll() {
      const records: InstanceRecord[] = [];
      const unreadable: string[] = [];
      for (const name of (await readdir(directory)).sort()) {
        const file = join(directory, name);
        if (name.endsWith('.json.new')) await rm(file, { force: true });
        if (!name.endsWith('.json')) continue;
        const record = await readRecord(file);
        if (record === null) unreadable.push(file);
        else records.push(record);
      }
      return { records, unreadable };
    },
  };
}

/**
 * Seals all environments in a directory anew, for a rotation of the key, while no BorgOS runs.
 * @param reseal gives `undefined` for what is to stay as it is
 * @returns how many were changed
 */
export async function resealInstanceRecords(
  directory: string,
  reseal: (sealed: string, context: string) => string | undefined,
): Promise<number> {
  let changed = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    if (!name.endsWith('.json')) continue;
    const file = join(directory, name);
    const { success, data } = storedRecord.safeParse(parsed(await readFile(file, 'utf8')));
    if (!success || typeof data.environment !== 'string') continue;
    const sealed = reseal(data.environment, contextOf(data));
    if (sealed === undefined) continue;
    await replaceFile(file, { ...data, environment: sealed });
    changed += 1;
  }
  return changed;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function contextOf({ name }: { name: string }): string {
  return `instance:${name}:environment`;
}

/** As a whole: who is killed in mid-write leaves the old record. */
async function replaceFile(file: string, record: z.infer<typeof storedRecord>): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(record, null, 2));
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** Of an instance that is to be started. */
export function newRecord(spec: InstanceSpec, port: number): InstanceRecord {
  const { recipe, volumes: _, ...rest } = spec;
  return {
    ...rest,
    command: withPort(recipe.start ?? [], { host: '127.0.0.1', port }),
    // Python keeps its output to itself until there are some KiB, when it goes to a file.
    environment: {
      ...(recipe.stack === 'python' ? { PYTHONUNBUFFERED: '1' } : {}),
      ...spec.environment,
    },
    port,
    process: null,
    startedAt: null,
    restarts: 0,
    exitCode: null,
    outOfMemory: false,
    outOfMemoryKills: 0,
    stopping: false,
  };
}

/** What the rest of BorgOS sees of it. */
export function viewOf(record: InstanceRecord): Instance {
  const running = record.process !== null;
  return {
    deploymentId: record.deploymentId,
    revision: record.revision,
    generation: record.generation,
    name: record.name,
    state: stateOf(record),
    containerId: null,
    processId: record.process?.pid ?? null,
    address: running ? { host: '127.0.0.1', port: record.port } : null,
    port: record.port,
    exitCode: record.exitCode,
    outOfMemory: record.outOfMemory,
    restarts: record.restarts,
    startedAt: record.startedAt === null ? null : new Date(record.startedAt),
  };
}

function stateOf(record: InstanceRecord): Instance['state'] {
  if (record.process !== null) return 'running';
  if (record.startedAt === null) return 'created';
  return record.stopping ? 'exited' : 'restarting';
}
