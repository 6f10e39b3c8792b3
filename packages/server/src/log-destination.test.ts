import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';

const module = path.join(import.meta.dirname, 'log-destination.ts');

/** A process that logs to its standard error with `log`, and does what the script says. */
function logging(script: string): ChildProcess {
  const code = `import { createLogDestination } from ${JSON.stringify(module)};
    const log = createLogDestination(2);
    ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test('every line is written once, in order, also when the process exits at once', async () => {
  const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}\n`);
  const child = logging(`
    for (let index = 0; index < 1000; index++) log.write(\`line \${index}\\n\`);
    process.exit(3);`);
  if (!child.stderr) throw new Error('unreachable');
  expect(await text(child.stderr)).toBe(lines.join(''));
});

test('a pipe that nobody reads does not hold the process up', async () => {
  const child = logging(`
    const line = 'x'.repeat(1023) + '\\n';
    for (let index = 0; index < 5000; index++) log.write(line);
    setTimeout(() => console.log('alive'), 50);
    setTimeout(() => {}, 60_000);`);
  if (!child.stdout) throw new Error('unreachable');
  const [data] = await once(child.stdout, 'data');
  expect(String(data)).toBe('alive\n');
});
