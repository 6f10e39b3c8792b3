import { setTimeout as wait } from 'node:timers/promises';

const mostMs = 3_000;
const lookMs = 50;

/** Waits until nobody has the port any more, for a while: whoever has it then is somebody else. */
export async function untilPortFree(
  port: number,
  isPortFree: (port: number) => Promise<boolean>,
): Promise<void> {
  const until = performance.now() + mostMs;
  while (!(await isPortFree(port)) && performance.now() < until) await wait(lookMs);
}
