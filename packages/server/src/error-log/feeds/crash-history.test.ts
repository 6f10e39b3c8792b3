import { describe, expect, test } from 'vitest';
import { createCrashHistory } from './crash-history.ts';
import type { CrashEvent } from './event-errors.ts';

const start = Date.parse('2026-11-24T12:00:00.000Z');
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();
const place = { id: 7, project_id: 3, name: 'shop', revision: 2 };

function crashed(seconds: number): CrashEvent {
  const data = { ...place, exit_code: null, out_of_memory: false, restarts: 1 };
  return { seq: 1, type: 'deployment_crashed', timestamp: at(seconds), data };
}

describe('the cause of a crash', () => {
  test('was printed in the seconds before', () => {
    expect(createCrashHistory().causeSince(crashed(100))).toBe(start + 90_000);
  });

  test('is not that of the crash before', () => {
    const history = createCrashHistory();
    history.causeSince(crashed(100));
    expect(history.causeSince(crashed(108))).toBe(start + 100_000);
    expect(history.causeSince(crashed(400))).toBe(start + 390_000);
  });
});
