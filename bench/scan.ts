// What a whole scan costs, against `ruff check` alone on the same Python files; the scan after it,
// of which nothing has changed; and how long it holds up the event loop of the server. Its memory is
// measured by scan-memory.ts.
//
//   node bench/scan.ts [files]      (ruff is taken from PATH; without it, that figure is left out)
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { runChild } from '../packages/server/src/scan/run-child.ts';
import { median } from './quantile.ts';

const rounds = 3;
const wanted = Number(process.argv[2] ?? 6500);
const folder = mkdtempSync(path.join(tmpdir(), 'borgos-bench-'));
const directory = path.join(folder, 'project');
const memoryFile = path.join(folder, 'memory.bin');

try {
  const files = copyPython();
  await scan();
  const first: number[] = [];
  const second: number[] = [];
  const ruff: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ruff.push(checkWithRuff());
    rmSync(memoryFile, { force: true });
    first.push(await scan());
    second.push(await scan());
  }
  const whole = median(first);
  console.log(`${files} Python files: ${Math.round(whole)} ms for a whole scan`);
  verdict('of what ruff takes', whole / median(ruff), 3);
  verdict('of that when nothing has changed', median(second) / whole, 0.1);
  await measureLoop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Copies of the machine's own Python library, until there are enough files. */
function copyPython(): number {
  const library = readdirSync('/usr/lib').find((name) => /^python3\.\d+$/.test(name));
  if (!library) throw new Error('there is no /usr/lib/python3.x to scan');
  const source = path.join('/usr/lib', library);
  let files = 0;
  for (let copy = 0; files < wanted; copy += 1) {
    const target = path.join(directory, `copy-${copy}`);
    cpSync(source, target, {
      recursive: true,
      filter: (from) => from.endsWith('.py') || statSync(from).isDirectory(),
    });
    files += readdirSync(target, { recursive: true }).filter((name) =>
      String(name).endsWith('.py'),
    ).length;
  }
  return files;
}

async function scan(): Promise<number> {
  const start = performance.now();
  await runChild(
    'scan-child',
    {
      directory,
      memoryFile,
      placesFile: path.join(folder, 'places'),
      searchPath: process.env.PATH,
      deployments: [],
    },
    {
      signal: AbortSignal.timeout(600_000),
      deadlineMs: 600_000,
      onProgress: () => {},
    },
  );
  return performance.now() - start;
}

function checkWithRuff(): number {
  const start = performance.now();
  try {
    execFileSync('ruff', ['check', '--no-cache', '--exit-zero', '--quiet', directory], {
      stdio: 'ignore',
    });
  } catch {
    return Number.NaN;
  }
  return performance.now() - start;
}

async function measureLoop(): Promise<void> {
  rmSync(memoryFile, { force: true });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await scan();
  delay.disable();
  const ms = (nanoseconds: number) => (nanoseconds / 1e6).toFixed(1);
  console.log(
    `event loop meanwhile: p99 ${ms(delay.percentile(99))} ms, longest ${ms(delay.max)} ms (target 20)`,
  );
}

function verdict(what: string, ratio: number, most: number): void {
  if (Number.isNaN(ratio)) {
    console.log('  not compared: ruff is not on this machine');
    return;
  }
  const isMet = ratio <= most;
  console.log(`  ${ratio.toFixed(2)} ${what} (target ${most}, ${isMet ? 'met' : 'MISSED'})`);
  if (!isMet) process.exitCode = 1;
}
