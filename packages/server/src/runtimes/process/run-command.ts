import { type ChildProcess, spawn } from 'node:child_process';
import { ReleaseFailure } from '../../errors.ts';
import { buildMarker } from './process-environment.ts';
import type { ProcessTable } from './process-table.ts';

export interface BuildCommand {
  argv: string[];
  directory: string;
  environment: Record<string, string>;
  log: (text: string) => void;
  signal: AbortSignal;
  /** Called with the id of its process; the command fails when this does. */
  onStart: (pid: number) => Promise<void>;
}

/** How much of the output is remembered, to be shown with the failure. */
const tailLength = 4_096;
const tailLines = 15;

/**
 * Runs one command of a build, in a process group of its own. No process of it is left when this
 * returns or throws: not after an abort, nor when a command left something in the background.
 *
 * Throws `ReleaseFailure` BUILD_FAILED with the command and its last lines, BUILD_OOM when the system
 * has killed it, or the signal's reason.
 */
export async function runCommand(command: BuildCommand, table: ProcessTable): Promise<void> {
  const { argv, signal, log } = command;
  signal.throwIfAborted();
  const [program = '', ...args] = argv;
  log(`$ ${argv.join(' ')}\n`);
  const child = spawn(program, args, {
    cwd: command.directory,
    env: command.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-tailLength);
      log(text);
    });
  }
  const kill = () => {
    void killGroup(child, table, command.environment[buildMarker] ?? '');
  };
  signal.addEventListener('abort', kill, { once: true });
  let exit: Exit;
  try {
    const exiting = exitOf(child, signal);
    if (child.pid !== undefined) await command.onStart(child.pid);
    exit = await exiting;
    await killGroup(child, table, command.environment[buildMarker] ?? '');
    await closed(child);
  } catch (error) {
    kill();
    throw error;
  } finally {
    signal.removeEventListener('abort', kill);
  }
  signal.throwIfAborted();
  if (exit.problem !== null) throw failure(argv, exit, tail);
}

interface Exit {
  /** `null`: it succeeded. */
  problem: string | null;
  missing: boolean;
  /** It, or what it ran, was ended by SIGKILL, and not by BorgOS: the system was out of memory. */
  killed?: boolean;
}

function exitOf(child: ChildProcess, signal: AbortSignal): Promise<Exit> {
  return new Promise((resolve) => {
    // Not even SIGKILL ends a process that waits for a disk or a file server.
    const giveUp = () => resolve({ problem: 'it could not be ended', missing: false });
    signal.addEventListener('abort', () => setTimeout(giveUp, 2_000).unref(), { once: true });
    child.once('error', (error: NodeJS.ErrnoException) => {
      resolve({ problem: error.message, missing: error.code === 'ENOENT' });
    });
    child.once('exit', (code, signalName) => {
      const problem = signalName ? `ended by ${signalName}` : `exit code ${code}`;
      const killed = signalName === 'SIGKILL' || code === 137;
      resolve({ problem: code === 0 ? null : problem, missing: false, killed });
    });
  });
}

/** The group at once; then, by their mark, those that have left it. */
async function killGroup(child: ChildProcess, table: ProcessTable, mark: string): Promise<void> {
  if (child.pid === undefined) return;
  killProcess(-child.pid);
  for (const { pid, value } of await table.marked(buildMarker)) {
    if (value === mark) killProcess(pid);
  }
}

export function killProcess(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone, which is what was wanted.
  }
}

/** Its last output has been read; not waited for longer than a moment after all were killed. */
async function closed(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const { stdout, stderr } = child;
  const streams = [stdout, stderr].filter((stream) => stream !== null && !stream.closed);
  const timer = setTimeout(() => {
    for (const stream of streams) stream?.destroy();
  }, 1_000);
  await Promise.all(streams.map((stream) => new Promise((done) => stream?.once('close', done))));
  clearTimeout(timer);
}

function failure(argv: string[], exit: Exit, tail: string): ReleaseFailure {
  if (exit.missing) {
    return new ReleaseFailure(
      'BUILD_FAILED',
      `"${argv[0]}" was not found on this machine: install it, or install Docker so that projects are built in containers.`,
    );
  }
  const lines = tail.trimEnd().split('\n').slice(-tailLines).join('\n');
  const told = `"${argv.join(' ')}" failed (${exit.problem})`;
  const output = lines === '' ? '.' : `:\n${lines}`;
  if (!exit.killed) return new ReleaseFailure('BUILD_FAILED', `${told}${output}`);
  return new ReleaseFailure(
    'BUILD_OOM',
    `${told}: it was killed, as by a system that is out of memory${output}`,
  );
}
