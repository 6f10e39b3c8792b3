import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAppLogs } from '../../app-log/app-logs.ts';
import { print } from '../../app-log/testing/printing.ts';
import { createRedactor } from '../../deployments/redact.ts';
import { endOfOutput } from './end-of-output.ts';
import { redactAll } from './redact-all.ts';

const secret = 'hunter2-hunter2';
const redactor = createRedactor([secret]);
let calls = 0;
async function redact(text: string): Promise<string> {
  calls += 1;
  return redactor.text(text);
}

describe('redacting many texts', () => {
  test('is as redacting each, with one call', async () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom(secret, `a ${secret} b`, secret.slice(3), '\0', '\n'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1 }), async (texts) => {
        calls = 0;
        const all = await redactAll(redact, texts);
        if (!texts.some((one) => one.endsWith('…'))) expect(calls).toBe(1);
        for (const [index, one] of texts.entries()) {
          // Only at the end of all, half a secret is known as one.
          const whole = redactor.text(`${one}|`);
          expect([whole, redactor.text(one)]).toContainEqual(
            index < texts.length - 1 ? `${all[index]}|` : all[index],
          );
        }
        expect(all).toHaveLength(texts.length);
        expect(all.join('\n')).not.toContain(secret);
      }),
    );
  });

  test('takes out the beginning of a secret at which a text was cut', async () => {
    const begun = `key: ${secret.slice(0, 9)}`;
    const texts = [`${begun}…`, `${begun} [the rest of the line is cut]\nthe next`, 'whole'];
    expect(await redactAll(redact, texts)).toEqual([
      'key: [redacted]…',
      'key: [redacted] [the rest of the line is cut]\nthe next',
      'whole',
    ]);
  });
});

describe('the end of an output', () => {
  let directory: string;
  let count = 0;
  const logs = createAppLogs();
  const logOf = (log: string) => ({
    bounds: () => logs.bounds(log),
    readBack: (to: number, most: number) => logs.readBack(log, to, most),
  });
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'borgos-end-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  async function endOf(content: string, mostLines = 3): Promise<string> {
    const log = path.join(directory, String(count++));
    if (content) await print(logs, log, content);
    return endOfOutput(logOf(log), mostLines, redact);
  }

  test('is its last lines, redacted', async () => {
    expect(await endOf(`1\n2\n3 ${secret}\n4\n5\n\n`)).toBe('3 [redacted]\n4\n5');
    expect(await endOf('')).toBe('');
  });

  test('never has the rest of a secret whose beginning was left out', async () => {
    for (let cut = 1; cut < secret.length; cut += 1) {
      // In the log it is in two pieces, of which the first is before what is read.
      const long = `${'x'.repeat(16 * 1024 - cut)}${secret}`;
      expect((await endOf(`${long}\n${'\n'.repeat(2000)}end`, 5000)).trim()).toBe('end');
    }
    expect(await endOf(secret + 'y'.repeat(70_000))).toBe('');
  });
});
