import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startTestApp } from '../testing/test-app.ts';
import { serveConformance } from './testing/conformance-server.ts';

const suite = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'));
const run = promisify(execFile);

/** Enough for the suite on a machine that does something else, too. */
const suiteMs = 150_000;

test.each(['2025-11-25', '2026-07-28'])(
  'the official suite finds nothing but what is expected to fail, at %s',
  async (revision) => {
    const borgos = await startTestApp({ serveMcpClient: serveConformance });
    const results = await mkdtemp(path.join(tmpdir(), 'borgos-conformance-'));
    try {
      const expected = path.join(import.meta.dirname, `testing/expected-failures-${revision}.yaml`);
      const { stdout, stderr } = await run(
        process.execPath,
        [
          suite,
          'server',
          ...['--url', `${borgos.url}/mcp`, '--requirements', revision],
          ...['--expected-failures', expected, '--output-dir', results],
        ],
        { timeout: suiteMs, maxBuffer: 16_000_000 },
      ).catch((error) => {
        throw new Error(`the suite has found something:\n${error.stdout}${error.stderr}`);
      });
      const passed = /Total: (\d+) passed/.exec(stdout + stderr)?.[1];
      expect(Number(passed)).toBeGreaterThan(50);
    } finally {
      await borgos.close();
      await rm(results, { recursive: true, force: true });
    }
  },
  suiteMs + 10_000,
);
