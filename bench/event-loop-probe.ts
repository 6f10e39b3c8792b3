// Loaded into a server by `--import`: writes every 100 ms how long its event loop was held up at most in
// each of the last such times, and how much memory it has, to the file that PROBE_FILE names.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Probed {
  /** The newest is the last of them. */
  heldUpMs: number[];
  /** The same in processor time, which other programs on the machine have no part in. */
  workedMs: number[];
  rss: number;
  cpuSeconds: number;
}

const file = process.env.PROBE_FILE;
if (file) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const heldUpMs: number[] = [];
  const workedMs: number[] = [];
  let last = processorMs();
  let most = 0;
  // It comes once in a turn of the loop, if there is one.
  setInterval(() => {
    const now = processorMs();
    most = Math.max(most, now - last);
    last = now;
  }, 1).unref();
  setInterval(() => {
    heldUpMs.push(delay.max / 1e6);
    workedMs.push(most);
    most = 0;
    if (heldUpMs.length > 1000) heldUpMs.shift();
    if (workedMs.length > 1000) workedMs.shift();
    delay.reset();
    const { user, system } = process.cpuUsage();
    const probed: Probed = {
      heldUpMs,
      workedMs,
      rss: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
    };
    writeFileSync(`${file}.new`, JSON.stringify(probed));
    renameSync(`${file}.new`, file);
  }, 100).unref();
}

/** Of this thread alone. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
