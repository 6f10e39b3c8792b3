import type { ChildProcess } from 'node:child_process';
import type {
  CreateTerminalRequest,
  TerminalExitStatus,
  TerminalOutputResponse,
} from '@agentclientprotocol/sdk/unstable';
import type { Processes } from '../../processes.ts';
import { endGroup } from './agent-process.ts';

export interface Terminals {
  /** @param cwd has been looked at. @returns its id. @throws Error */
  create(request: CreateTerminalRequest, cwd: string): Promise<string>;
  output(id: string): TerminalOutputResponse;
  exit(id: string): Promise<TerminalExitStatus>;
  /** Ends the command; its output can still be read. */
  kill(id: string): void;
  release(id: string): void;
  /** Ends all of them, at once. */
  endAll(): void;
}

interface Terminal {
  child: ChildProcess;
  exit: Promise<TerminalExitStatus>;
  status: TerminalExitStatus | null;
  read: () => { output: string; truncated: boolean };
}

const mostOpen = 16;
const mostOutput = 1_048_576;
/** For what was printed last: something that was left running may hold the output open. */
const drainMs = 200;

/** The commands that an agent has us run, each in a process group of its own. */
export function createTerminals(
  environment: Record<string, string>,
  processes: Pick<Processes, 'start'>,
): Terminals {
  const open = new Map<string, Terminal>();
  let made = 0;
  let isOver = false;

  function get(id: string): Terminal {
    const terminal = open.get(id);
    if (!terminal) throw new Error(`There is no terminal ${id}`);
    return terminal;
  }

  function kill(terminal: Terminal): void {
    const { pid, exitCode, signalCode } = terminal.child;
    if (pid !== undefined && exitCode === null && signalCode === null) endGroup(pid);
  }

  return {
    async create({ command, args = [], env = [], outputByteLimit }, cwd) {
      if (open.size >= mostOpen) {
        throw new Error(`There are ${mostOpen} terminals already: release one before`);
      }
      // Without arguments it is a line for the shell, as agents write them.
      const [program, argv] =
        args.length > 0 ? [command, args] : ['/bin/sh', ['-c', command] as string[]];
      // By its mark it is found and ended, whatever becomes of it.
      const given = env.filter(({ name }) => !name.startsWith('BORGOS_'));
      const variables = Object.fromEntries(given.map(({ name, value }) => [name, value]));
      const child = await processes.start({
        ...{ program, args: argv, cwd },
        environment: { ...environment, ...variables },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      made += 1;
      const id = `terminal-${made}`;
      const limit = Math.max(0, Math.min(outputByteLimit ?? mostOutput, mostOutput));
      const terminal: Terminal = {
        child,
        exit: exitOf(child).then((status) => {
          terminal.status = status;
          return status;
        }),
        status: null,
        read: keepEnd(child, limit),
      };
      open.set(id, terminal);
      if (isOver) kill(terminal);
      return id;
    },
    output(id) {
      const { read, status } = get(id);
      return { ...read(), ...(status && { exitStatus: status }) };
    },
    exit: (id) => get(id).exit,
    kill: (id) => kill(get(id)),
    release(id) {
      kill(get(id));
      open.delete(id);
    },
    endAll() {
      isOver = true;
      for (const terminal of open.values()) kill(terminal);
      open.clear();
    },
  };
}

function exitOf(child: ChildProcess): Promise<TerminalExitStatus> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => {
      // What it left in the background, while the number of the group is nobody else’s.
      if (child.pid !== undefined) endGroup(child.pid);
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, drainMs);
      child.once('close', () => {
        clearTimeout(timer);
        resolve({ exitCode, signal });
      });
    });
  });
}

/** Keeps the last bytes of what a command prints, from the beginning of a character on. */
function keepEnd(child: ChildProcess, limit: number): Terminal['read'] {
  let chunks: Buffer[] = [];
  let length = 0;
  let truncated = false;
  const join = () => {
    const all = Buffer.concat(chunks);
    let from = Math.max(0, all.length - limit);
    if (from > 0) truncated = true;
    while (from > 0 && from < all.length && ((all[from] ?? 0) & 0xc0) === 0x80) from += 1;
    const kept = all.subarray(from);
    chunks = [Buffer.from(kept)];
    length = kept.length;
    return kept;
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > 2 * limit + 65_536) join();
    });
  }
  return () => ({ output: join().toString('utf8'), truncated });
}
