import { appendFile, mkdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import type { ContainerRun, Containers } from '../containers.ts';
import { assertPortFree, type PortHolder } from './assert-port-free.ts';
import type { Life, Runner } from './runner.ts';
import { untilPortFree } from './until-port-free.ts';

export interface ContainerRunnerOptions {
  image: string;
  /** Its `usr` is where Agent Zero keeps what is to outlive its container. */
  directory: string;
  /** The folders of tasks, which it sees under the same name. */
  workFolder: string;
  port: number;
  containers: Containers;
  isPortFree(port: number): Promise<boolean>;
  findPortHolder(port: number): Promise<PortHolder | null>;
}

type Run = Pick<ContainerRun, 'id' | 'startedAt'>;

const service = 'agent-zero';
/** As its image has it: inside there are several programs to end, one after the other. */
const usualPoliteMs = 70_000;
const lastOutputMs = 2_000;

/** Agent Zero as a container of its image. */
export function createContainerRunner(options: ContainerRunnerOptions): Runner {
  const { image, directory, workFolder, port, containers, isPortFree } = options;
  const closing = new AbortController();
  let copying: Promise<void> = Promise.resolve();

  function follow(run: Run, logFile: string, from: bigint | null) {
    copying = containers.follow({
      run,
      from,
      write: (text, at) => addOutput(logFile, text, at),
      signal: closing.signal,
    });
    return copying;
  }

  /** What it printed since the time of the file is not there yet. */
  async function followFurther(run: Run, logFile: string): Promise<void> {
    const written = await stat(logFile, { bigint: true }).catch(() => null);
    await follow(run, logFile, written?.mtimeNs ?? null);
  }

  async function holderOf(wanted: number): Promise<PortHolder | null> {
    const container = await containers.findPortHolder(wanted);
    if (container === null) return options.findPortHolder(wanted);
    return { name: `the container ${container} of Docker` };
  }

  async function launch(logFile: string): Promise<{ life: Life; ended: Promise<void> }> {
    if (!(await containers.hasImage(image))) {
      throw new AppError(
        'AGENT_ZERO_NOT_CONFIGURED',
        `The image ${image} of Agent Zero is not on this machine: run \`docker pull ${image}\`, then start it again. It has several GB, so that BorgOS does not pull it by itself`,
      );
    }
    await assertPortFree(port, { isPortFree, findPortHolder: holderOf });
    const usr = join(directory, 'usr');
    await mkdir(usr, { recursive: true, mode: 0o700 });
    await mkdir(workFolder, { recursive: true, mode: 0o700 });
    const run = await containers.start({
      service,
      image,
      port: 80,
      hostPort: port,
      folders: [
        { from: usr, to: '/a0/usr' },
        { from: workFolder, to: workFolder },
      ],
    });
    return { life: lifeOf(run), ended: follow(run, logFile, null) };
  }

  return {
    settings: { directory, port, image },
    // Each look is a call of the engine, and the end of its output tells of its end at once.
    lookMs: 2_000,
    launch: (logFile) => orFailure(launch(logFile), 'started'),
    adopt(life, logFile) {
      const run = runOf(life);
      return run && followFurther(run, logFile);
    },
    async isAlive(life) {
      const run = runOf(life);
      return run === null ? false : containers.isAlive(run);
    },
    async find() {
      const run = await containers.find(service).catch(() => null);
      return run && lifeOf(run);
    },
    async end(_, politeMs = usualPoliteMs) {
      const hadSome = await orFailure(containers.remove(service, politeMs), 'ended');
      if (!hadSome) return;
      await Promise.race([copying, wait(lastOutputMs, undefined, { ref: false })]);
      await untilPortFree(port, isPortFree);
    },
    close: () => closing.abort(),
  };
}

/** The time of the file is that of its last line, so that the next life of BorgOS goes on there. */
async function addOutput(logFile: string, text: Buffer, at: bigint): Promise<void> {
  await appendFile(logFile, text, { mode: 0o600 });
  // Behind it for certain: a number of seconds does not tell its last digits.
  const seconds = Number(at / 1000n + 2n) / 1_000_000;
  await utimes(logFile, seconds, seconds);
}

function lifeOf({ id, startedAt, pid }: ContainerRun): Life {
  return { pid, startedAt, container: id };
}

function runOf({ container, startedAt }: Life): Run | null {
  return container === null ? null : { id: container, startedAt };
}

async function orFailure<T>(work: Promise<T>, done: 'started' | 'ended'): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('AGENT_ZERO_FAILED', `Agent Zero could not be ${done}: ${reason}`, {
      cause: error,
    });
  }
}
