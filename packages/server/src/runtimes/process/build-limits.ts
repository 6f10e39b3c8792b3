import { availableParallelism, totalmem } from 'node:os';
import { ReleaseFailure } from '../../errors.ts';
import { buildLimits } from '../build-limits.ts';
import type { ControlGroups } from './control-groups.ts';

/** All builds are in it: there is one at a time, and one that was left by a killed BorgOS is known. */
const group = 'build';

/**
 * Calls `work` with what holds the processes of its build, by their first one, to half of the machine.
 * Where there are no control groups, nothing holds them.
 * @throws what `work` throws; instead of a `ReleaseFailure`, BUILD_OOM if the kernel ended a process of
 * it for want of memory
 */
export async function withinBuildLimits<T>(
  groups: ControlGroups | null,
  work: (hold: (pid: number) => Promise<void>) => Promise<T>,
  machine = { cpus: availableParallelism(), memory: totalmem() },
): Promise<T> {
  if (groups === null) return work(async () => {});
  const limits = buildLimits(machine);
  await groups.create(group, limits);
  const before = await groups.outOfMemoryKills(group);
  try {
    return await work((pid) => groups.add(group, pid));
  } catch (error) {
    if (!(error instanceof ReleaseFailure)) throw error;
    if ((await groups.outOfMemoryKills(group)) <= before) throw error;
    const mebibytes = Math.floor(limits.memory / 1024 ** 2);
    throw new ReleaseFailure(
      'BUILD_OOM',
      `The build needed more than ${mebibytes} MiB of memory, which is what a build may use here, so it was ended: let it do less at once, or build on a larger machine.\n${error.message}`,
      { cause: error },
    );
  } finally {
    // Another build, or a process that could not be ended, is in it: then it stays.
    await groups.remove(group).catch(() => {});
  }
}
