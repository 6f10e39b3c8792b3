import type { ProcessIdentity } from '../../processes.ts';
import { assertPortFree, type PortHolder } from './assert-port-free.ts';
import { endProcess } from './end-process.ts';
import { agentZeroMarker, type Launch, launchProcess } from './launch-process.ts';
import type { Life, Runner } from './runner.ts';

export interface ProcessRunnerOptions extends Omit<Launch, 'logFile'> {
  isPortFree(port: number): Promise<boolean>;
  findPortHolder(port: number): Promise<PortHolder | null>;
}

/** Agent Zero as it is installed in a directory, as a process of this machine. */
export function createProcessRunner(options: ProcessRunnerOptions): Runner {
  const { directory, port, processes, instance } = options;
  return {
    settings: { directory, port, image: null },
    lookMs: 0,
    async launch(logFile) {
      await assertPortFree(port, options);
      const child = await launchProcess({ ...options, logFile });
      const gone = { pid: child.pid, startedAt: 'gone' };
      const identity = (await processes.identify(child.pid)) ?? gone;
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      const ended = hasEnded
        ? Promise.resolve()
        : new Promise<void>((resolve) => child.once('exit', () => resolve()));
      return { life: lifeOf(identity), ended };
    },
    adopt: () => null,
    async isAlive(life) {
      const leader = leaderOf(life);
      return leader !== null && processes.isAlive(leader);
    },
    async find() {
      const marked = await processes.marked(agentZeroMarker);
      const first = marked.find(({ value }) => value === instance);
      const identity = first && (await processes.identify(first.pid));
      return identity ? lifeOf(identity) : null;
    },
    end: (life, politeMs) =>
      endProcess({
        ...options,
        leader: life && leaderOf(life),
        ...(politeMs !== undefined && { politeMs }),
      }),
    close() {},
  };
}

function lifeOf(identity: ProcessIdentity): Life {
  return { ...identity, container: null };
}

/** The process in a container is not ours to end. */
function leaderOf({ pid, startedAt, container }: Life): ProcessIdentity | null {
  return pid === null || container !== null ? null : { pid, startedAt };
}
