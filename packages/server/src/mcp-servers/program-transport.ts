import type { ChildProcess } from 'node:child_process';
import { homedir } from 'node:os';
import {
  type JSONRPCMessage,
  ReadBuffer,
  serializeMessage,
  type Transport,
} from '@modelcontextprotocol/client';
import { endProgram, type MarkedProcesses, serverMarker, signalGroup } from './end-program.ts';
import { mostMessageBytes } from './limits.ts';

/** Of what it prints beside the protocol, for who asks why it has ended. */
const keptOutput = 2_000;

export interface ProgramTransport extends Transport {
  /** Both are how the SDK tells a program from an address. */
  readonly pid: number | undefined;
  readonly stderr: null;
  /** How it ended, with the end of what it printed; `undefined`: it has not. */
  ending(): string | undefined;
}

/**
 * Speaks to a program by its standard input and output. Unlike the SDK's own, it starts it as the
 * leader of a group, so that what the program starts ends with it.
 */
export function createProgramTransport({
  command: [program = '', ...args],
  environment,
  mark,
  processes,
}: {
  command: readonly string[];
  environment: Record<string, string>;
  mark: string;
  processes: MarkedProcesses;
}): ProgramTransport {
  const buffer = new ReadBuffer({ maxBufferSize: mostMessageBytes });
  let child: ChildProcess | undefined;
  let printed = '';
  let ending: string | undefined;
  let closing: Promise<void> | undefined;

  const transport: ProgramTransport = {
    get pid() {
      return child?.pid;
    },
    stderr: null,
    ending: () => ending && `${ending}${printed && `. It printed: ${printed.trim()}`}`,
    async start() {
      const started = await startProgram();
      child = started;
      started.once('exit', (code, signal) => {
        ending ??= `${program} has ended with ${signal ?? `code ${code}`}`;
        // At once, while the number of the group is nobody else's.
        signalGroup(started.pid, 'SIGKILL');
      });
      // Later than the exit: what it has printed before is read.
      started.once('close', () => transport.onclose?.());
      started.stdin?.on('error', (error) => transport.onerror?.(error));
      started.stderr?.setEncoding('utf8').on('data', (text: string) => {
        printed = (printed + text).slice(-keptOutput);
      });
      started.stdout?.on('data', read);
    },
    send: (message) =>
      new Promise((resolve, reject) => {
        if (!child?.stdin?.writable) throw new Error(ending ?? `${program} does not listen`);
        child.stdin.write(serializeMessage(message), (error) =>
          error ? reject(error) : resolve(),
        );
      }),
    close() {
      closing ??= child ? endProgram(child, mark, processes) : Promise.resolve();
      return closing;
    },
  };

  async function startProgram() {
    try {
      return await processes.start({
        ...{ program, args, cwd: homedir() },
        environment: { ...environment, [serverMarker]: mark },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
    } catch (error) {
      ending = `${program} could not be started: ${error instanceof Error ? error.message : String(error)}`;
      throw new Error(ending, { cause: error });
    }
  }

  function read(chunk: Buffer): void {
    try {
      buffer.append(chunk);
    } catch {
      ending = `${program} has sent more than ${mostMessageBytes / 1024 / 1024} MB in one message`;
      child?.stdout?.off('data', read).resume();
      // Who says that much is not asked politely, as others wait for the end of their calls.
      if (child?.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      void transport.close().catch((error) => transport.onerror?.(error));
      return;
    }
    for (;;) {
      let message: JSONRPCMessage | null;
      try {
        message = buffer.readMessage();
      } catch (error) {
        transport.onerror?.(error instanceof Error ? error : new Error(String(error)));
        continue;
      }
      if (message === null) return;
      transport.onmessage?.(message);
    }
  }

  return transport;
}
