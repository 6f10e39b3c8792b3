import type { Readable, Writable } from 'node:stream';

/** What of a terminal or a pipe is needed; `process.stdin` is one. */
export type PasswordInput = Readable & {
  isTTY?: boolean;
  setRawMode?: (raw: boolean) => unknown;
};

const longest = 4_096;
const patienceMs = 5 * 60_000;

/**
 * A password from the terminal, asked for twice and not shown, or else the first line of what is
 * piped in. Waits five minutes.
 *
 * @throws Error when there is none, or the two are not the same
 */
export async function readPassword({
  input,
  output,
  prompt,
  signal,
}: {
  input: PasswordInput;
  output: Writable;
  prompt: string;
  signal: AbortSignal;
}): Promise<string> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  const characters = charactersOf(input, ended);
  try {
    ended.throwIfAborted();
    if (!input.isTTY) return await readLine(characters, false);
    // Also what is typed ahead is not shown.
    input.setRawMode?.(true);
    const password = await ask(characters, output, `${prompt}: `);
    if ((await ask(characters, output, 'Once more: ')) === password) return password;
    throw new Error('The two passwords are not the same. Nothing was changed; try again.');
  } catch (error) {
    if (!ended.aborted) throw error;
    throw new Error('No password was given. Nothing was changed.', { cause: error });
  } finally {
    if (input.isTTY) input.setRawMode?.(false);
    input.pause();
  }
}

async function ask(
  characters: AsyncIterator<string>,
  output: Writable,
  prompt: string,
): Promise<string> {
  output.write(prompt);
  try {
    return await readLine(characters, true);
  } finally {
    output.write('\n');
  }
}

async function readLine(characters: AsyncIterator<string>, isTerminal: boolean): Promise<string> {
  let line: string[] = [];
  for (;;) {
    const { value, done } = await characters.next();
    if (done || value === '\n' || value === '\r') return line.join('');
    const key = isTerminal ? keys[value] : undefined;
    if (key === 'interrupt') throw new Error('Interrupted. Nothing was changed.');
    if (key === 'end') return line.join('');
    if (key === 'erase line') line = [];
    else if (key === 'erase') line.pop();
    else line.push(value);
    if (line.length > longest) throw new Error('That is too long to be a password.');
  }
}

/** What a terminal sends for these while it leaves them to us. */
const keys: Record<string, 'interrupt' | 'end' | 'erase line' | 'erase'> = {
  '\u0003': 'interrupt',
  '\u0004': 'end',
  '\u0015': 'erase line',
  '\b': 'erase',
  '\u007f': 'erase',
};

async function* charactersOf(input: PasswordInput, ended: AbortSignal): AsyncGenerator<string> {
  input.setEncoding('utf8');
  // Ends the reading; the stream is asked for no more.
  const stop = () => input.destroy();
  ended.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of input.iterator({ destroyOnReturn: false })) yield* String(chunk);
  } finally {
    ended.removeEventListener('abort', stop);
  }
}
