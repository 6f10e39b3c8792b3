import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const start = join(import.meta.dirname, '..', 'start.js');

/** Runs start.js on a Node.js that takes itself for another version. */
function startOn(version: string, ...argv: string[]) {
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
  const options = { timeout: 10_000 };
  return promisify(execFile)(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, start, ...argv],
    options,
  );
}

it('says what to do when Node.js is too old to run the server', async () => {
  const failure = await startOn('20.20.2').catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 1, stdout: '' });
  expect(failure).toMatchObject({ stderr: expect.stringContaining('needs Node.js 24 or newer') });
  expect(failure).toMatchObject({ stderr: expect.stringContaining('npm ci --include=optional') });
});

it('starts the server on a newer one', async () => {
  const { stdout } = await startOn('24.0.0', '--version');
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
