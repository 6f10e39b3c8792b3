import type { AttemptRef, RunningAttempt } from '../agents/adapter.ts';
import type { Processes, ProcessIdentity } from '../processes.ts';
import { runMarker } from './end-run.ts';

/** As it was noted; what was not noted any more is found by its mark. */
export async function findLeader(
  processes: Processes,
  { saved }: Pick<AttemptRef, 'saved'>,
  mark: string,
): Promise<ProcessIdentity | null> {
  const noted = saved?.process;
  if (isIdentity(noted)) return noted;
  const [first] = (await processes.marked(runMarker)).filter(({ value }) => value === mark);
  return first ? processes.identify(first.pid) : null;
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'pid' in value &&
    Number.isSafeInteger(value.pid) &&
    'startedAt' in value &&
    typeof value.startedAt === 'string'
  );
}

/** Attempts of this home with a process, the oldest of each told. */
export async function listMarked(
  processes: Processes,
  instance: string,
): Promise<RunningAttempt[]> {
  const found = new Map<string, number>();
  for (const { pid, value } of await processes.marked(runMarker)) {
    const [home, externalRef = ''] = value.split('/', 2);
    if (home === instance && !found.has(externalRef)) found.set(externalRef, pid);
  }
  return [...found].map(([externalRef, pid]) => ({ externalRef, description: `process ${pid}` }));
}
