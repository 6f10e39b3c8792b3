import { expect, onTestFinished, test } from 'vitest';
import { busyPercent, createCpuMeter } from './cpu.ts';

const core = (user: number, idle: number) => ({ user, nice: 0, sys: 0, idle, irq: 0 });

test('the share is that of all cores together', () => {
  const before = [core(100, 900), core(0, 1000)];
  expect(busyPercent(before, [core(200, 900), core(0, 1100)])).toBe(50);
  expect(busyPercent(before, [core(100, 1000), core(0, 1100)])).toBe(0);
  expect(busyPercent(before, [core(200, 900), core(100, 1000)])).toBe(100);
});

test('where no time has passed, or a core went offline, the share stays within 0 and 100', () => {
  const before = [core(100, 900), core(0, 1000)];
  expect(busyPercent(before, before)).toBe(0);
  expect(busyPercent(before, [core(200, 900)])).toBe(0);
  expect(busyPercent([core(0, 1000)], [core(10, 900), core(200, 0)])).toBe(100);
});

test('the first answer waits for a measurement, the next ones follow the machine', async () => {
  let busy = 0;
  let idle = 0;
  const meter = createCpuMeter(
    () => {
      busy += 30;
      idle += 70;
      return [core(busy, idle)];
    },
    { firstMs: 1, intervalMs: 1 },
  );
  onTestFinished(() => meter.close());
  expect(await meter.percent()).toBe(30);
});

test('closing answers who still waits', async () => {
  const meter = createCpuMeter(() => [core(0, 0)], { firstMs: 60_000, intervalMs: 60_000 });
  const answer = meter.percent();
  meter.close();
  expect(await answer).toBe(0);
});

test('the cores of this machine are measured', async () => {
  const meter = createCpuMeter();
  onTestFinished(() => meter.close());
  const percent = await meter.percent();
  expect(percent).toBeGreaterThanOrEqual(0);
  expect(percent).toBeLessThanOrEqual(100);
});
