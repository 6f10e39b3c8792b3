import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { readPassword } from './read-password.ts';

/** A terminal that is typed on, or a pipe that is written to. */
async function read(
  typed: string[],
  { isTTY = true, signal = new AbortController().signal } = {},
): Promise<{ password?: string; problem?: string; shown: string; raw: boolean[] }> {
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), {
    isTTY,
    setRawMode: (mode: boolean) => raw.push(mode),
  });
  const output = new PassThrough();
  for (const keys of typed) input.write(keys);
  const done = await readPassword({ input, output, prompt: 'Password', signal }).then(
    (password) => ({ password }),
    (error: Error) => ({ problem: error.message }),
  );
  output.end();
  return { ...done, shown: await text(output), raw };
}

const secret = 'correct-horse-battery';

test('a password is asked for twice in the terminal, and is not shown', async () => {
  const { password, shown, raw } = await read([`${secret}\r`, `${secret}\r`]);
  expect(password).toBe(secret);
  expect(shown).toBe('Password: \nOnce more: \n');
  expect(raw).toEqual([true, false]);
});

test('keys that erase do so, and it does not matter in which pieces keys arrive', async () => {
  const typed = ['wrong\u0015corect\u007f\u007f', '\bre', `ct${secret.slice(7)}\n`, secret, '\r'];
  expect((await read(typed)).password).toBe(secret);
});

test('two that are not the same are refused, and neither is shown', async () => {
  const { problem, shown } = await read([`${secret}\r`, 'another-one-of-mine\r']);
  expect(problem).toMatch(/not the same/);
  expect(shown + problem).not.toContain('another');
});

test('Ctrl-C ends it, and gives the terminal back', async () => {
  const { problem, raw } = await read(['corr\u0003']);
  expect(problem).toMatch(/Interrupted/);
  expect(raw).toEqual([true, false]);
});

test('of what is piped in, it is the first line, as it is', async () => {
  expect((await read([`${secret} \r\n`, 'more\n'], { isTTY: false })).password).toBe(`${secret} `);
  expect((await read(['ä\u007f\n'], { isTTY: false })).password).toBe('ä\u007f');
});

test('it waits for nobody who was told to stop, and reads nothing without end', async () => {
  expect((await read([], { signal: AbortSignal.abort() })).problem).toMatch(/No password/);
  const late = new AbortController();
  const waiting = read(['half'], { signal: late.signal });
  late.abort();
  expect((await waiting).problem).toMatch(/No password/);
  expect((await read(['x'.repeat(10_000)], { isTTY: false })).problem).toMatch(/too long/);
});
