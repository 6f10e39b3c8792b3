import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { findProgram } from '../../find-program.ts';
import type { ControlGroups } from './control-groups.ts';
import { standardSearchPath } from './process-environment.ts';

/** Marks processes in a way that all they start inherits, and that only root can take off again. */
export interface Brand {
  /** What was started before is not branded. Where it can't be done, nothing happens. */
  put(pid: number): Promise<void>;
  /** The same command, whose process is branded from its beginning on; as it is, where that can't be. */
  wrap(command: [program: string, ...args: string[]]): [program: string, ...args: string[]];
  /** Whether a process has it, by its `/proc/<pid>/limits`. */
  isIn(limits: string): boolean;
}

/** `borg` in ASCII: a number that nobody else comes upon. */
const brandedLocks = 0x62_6f_72_67;

/**
 * The brand is a hard limit of file locks. Linux keeps that limit and hands it on, but has not
 * looked at it since 2.4, so that it limits nothing; and without root a hard limit can be lowered,
 * but never raised. Another environment, session or control group does not take it off. Nothing is
 * branded where BorgOS has such a limit itself, nor without `prlimit` of util-linux.
 */
export async function openBrand(): Promise<Brand> {
  const own = hardLocks(await readFile('/proc/self/limits', 'utf8').catch(() => ''));
  const prlimit =
    own === 'unlimited' ? await findProgram('prlimit', standardSearchPath) : undefined;
  const locks = `--locks=${brandedLocks}:${brandedLocks}`;
  const isIn = (limits: string) => own === 'unlimited' && /^\d+$/.test(hardLocks(limits));
  return {
    isIn,
    async put(pid) {
      const limits = await readFile(`/proc/${pid}/limits`, 'utf8').catch(() => '');
      if (prlimit === undefined || limits === '' || isIn(limits)) return;
      const options = { env: {}, timeout: 2_000 };
      await new Promise<void>((resolve) => {
        execFile(prlimit, ['--pid', String(pid), locks], options, () => resolve());
      });
    },
    // It becomes the program, in the same process.
    wrap: (command) => (prlimit === undefined ? command : [prlimit, locks, ...command]),
  };
}

function hardLocks(limits: string): string {
  return /^Max file locks +\S+ +(\S+)/m.exec(limits)?.[1] ?? '';
}

/** Brands what is put into the groups; without groups, that is all that it does. */
export function brandedGroups(groups: ControlGroups | null, brand: Brand): ControlGroups {
  return {
    create: async (name, limits) => groups?.create(name, limits),
    async add(name, pid) {
      await Promise.all([brand.put(pid), groups?.add(name, pid)]);
    },
    members: async (name) => (await groups?.members(name)) ?? [],
    outOfMemoryKills: async (name) => (await groups?.outOfMemoryKills(name)) ?? 0,
    usage: async (name) => (await groups?.usage(name)) ?? { cpuSeconds: null, memoryBytes: null },
    remove: async (name) => groups?.remove(name),
    close: async () => groups?.close(),
  };
}
