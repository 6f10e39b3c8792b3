import { expect, test } from 'vitest';
import type { ReleaseFailure } from '../../errors.ts';
import { createBuildOutput } from './build-output.ts';
import type { Progress } from './json-lines.ts';

function read(messages: Progress[]) {
  let log = '';
  const output = createBuildOutput((text) => {
    log += text;
  });
  let failure: unknown = null;
  try {
    for (const message of messages) output.add(message);
  } catch (error) {
    failure = error;
  }
  return { output, log, failure: failure as ReleaseFailure | null };
}

const id = (digit: string) => digit.repeat(12);

test('tells what the build made from what it found', () => {
  const { output } = read(
    [
      'Step 1/5 : FROM node:24-slim AS build\n',
      ` ---> ${id('a')}\n`,
      'Step 2/5 : RUN ["npm","ci"]\n',
      ' ---> Using cache\n',
      ` ---> ${id('b')}\n`,
      'Step 3/5 : RUN ["npm","run","build"]\n',
      ` ---> Running in ${id('c')}\n`,
      'building\n',
      `Removing intermediate container ${id('c')}\n`,
      ` ---> ${id('d')}\n`,
      'Step 4/5 : FROM nginx:1\n',
      ` ---> ${id('e')}\n`,
      'Step 5/5 : COPY --from=build /app /\n',
      ` ---> ${id('f')}\n`,
      `Successfully built ${id('f')}\n`,
    ].map((stream) => ({ stream })),
  );
  expect(output.containers).toEqual([id('c')]);
  expect(output.images).toEqual([id('d'), id('f')]);
  expect(output.stages).toEqual([id('d'), id('f')]);
});

test('names the step that failed and its last lines, without colours', () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}\n`);
  const { log, failure } = read([
    { stream: 'Step 2/3 : RUN ["npm","test"]' },
    { stream: '\n' },
    ...lines.map((stream) => ({ stream })),
    { stream: '\u001b[91mnpm ERR! no\u001b[0m' },
    { error: 'long', errorDetail: { code: 1, message: 'npm returned a non-zero code: 1' } },
  ]);
  expect(failure?.code).toBe('BUILD_FAILED');
  expect(failure?.message).toMatch(
    /^Step 2\/3 of the build failed: RUN \["npm","test"\]\nnpm returned a non-zero code: 1\.\n/,
  );
  expect(failure?.message).toMatch(/line 39\nnpm ERR! no$/);
  expect(failure?.message).not.toContain('line 20\n');
  expect(log).toMatch(/line 39\nnpm ERR! no\nnpm returned a non-zero code: 1\n$/);
});

test('says that a step was killed for its memory', () => {
  const { failure } = read([
    { stream: 'Step 1/1 : RUN x\n' },
    { error: 'e', errorDetail: { code: 137, message: 'x returned a non-zero code: 137' } },
  ]);
  expect(failure?.code).toBe('BUILD_OOM');
  expect(failure?.message).toContain('memory');
});
