import { ReleaseFailure } from '../../errors.ts';
import type { Progress } from './json-lines.ts';

/** How much of a failed step is shown in the reason: the rest is in the log. */
const lastLines = 15;

/** Reads the classic builder's progress: what it prints, and what it makes on its way. */
export interface BuildOutput {
  /** Throws `ReleaseFailure` BUILD_FAILED or BUILD_OOM when the message tells of a failure. */
  add(message: Progress): void;
  /** Containers of steps, oldest first; they are gone by now if all went well. */
  readonly containers: string[];
  /** Images of steps that this build made, not taken from the cache, oldest first. */
  readonly images: string[];
  /** The last image of each finished stage; the last one is the result. */
  readonly stages: string[];
}

export function createBuildOutput(log: (text: string) => void): BuildOutput {
  const containers: string[] = [];
  const images: string[] = [];
  const stages: string[] = [];
  let step = '';
  let tail: string[] = [];
  let open = '';
  let cached = false;

  function readLine(line: string): void {
    if (/^Step \d+\/\d+ : /.test(line)) {
      step = line;
      tail = [];
      cached = false;
      if (/ : FROM /i.test(line)) stages.push('');
      return;
    }
    const image = /^ ---> ([0-9a-f]{12})$/.exec(line)?.[1];
    const container = /^ ---> Running in ([0-9a-f]{12})$/.exec(line)?.[1];
    if (container !== undefined) containers.push(container);
    else if (line === ' ---> Using cache') cached = true;
    else if (image !== undefined) {
      stages[stages.length - 1] = image;
      if (!cached && !/ : FROM /i.test(step)) images.push(image);
    } else tail = [...tail, line.slice(0, 500)].slice(-lastLines);
  }

  function print(text: string): void {
    // The builder colours what a step writes to stderr.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a colour code starts with one.
    const plain = text.replace(/\u001b\[(?:91|0)m/g, '');
    log(plain);
    const lines = (open + plain).split('\n');
    open = (lines.pop() ?? '').slice(-8192);
    for (const line of lines) readLine(line.trimEnd());
  }

  return {
    containers,
    images,
    stages,
    add(message) {
      if (message.stream !== undefined) print(message.stream);
      if (message.error === undefined) return;
      if (open !== '') print('\n');
      const reason = message.errorDetail?.message ?? message.error;
      log(`${reason}\n`);
      throw buildFailure(step, reason, tail, message.errorDetail?.code);
    },
  };
}

function buildFailure(
  step: string,
  reason: string,
  tail: string[],
  exitCode: number | undefined,
): ReleaseFailure {
  const where =
    step === '' ? 'The build failed' : `${step.replace(' : ', ' of the build failed: ')}`;
  const killed = exitCode === 137;
  const hints = [
    killed
      ? 'It was killed: it needs more memory than a build may have, which is half of the machine’s.'
      : '',
    /requires BuildKit/i.test(reason)
      ? 'The Dockerfile uses what only BuildKit knows; BorgOS builds with the classic builder, which keeps to limits.'
      : '',
  ];
  const lines = tail.filter((line) => line.trim() !== '');
  const output = lines.length === 0 ? '' : `Its last lines:\n${lines.join('\n')}`;
  const parts = [`${where}\n${reason}.`.replace(/\.\.$/, '.'), ...hints, output];
  const code = killed ? 'BUILD_OOM' : 'BUILD_FAILED';
  return new ReleaseFailure(code, parts.filter((part) => part !== '').join('\n'));
}
