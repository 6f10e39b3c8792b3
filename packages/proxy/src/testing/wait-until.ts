import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a condition, at most 10 s; the error says what was waited for. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  what: () => string,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what()}`);
    await delay(3);
  }
}
