import { describe, expect, test } from 'vitest';
import { giveUpReason } from './verdict.ts';

const day = 86_400_000;
const now = Date.parse('2026-02-10T00:00:00.000Z');
const since = (days: number) => new Date(now - days * day).toISOString();
const last = { error: 'The receiver answered 500', gone: false };

describe('a webhook', () => {
  test.each([
    ['whose last try was a success', { since: null, last: null }, 20_000],
    ['that has failed for a while', { since: since(4.9), last }, 10_000],
  ])('%s goes on', (_, failing, waiting) => {
    expect(giveUpReason(7, failing, { waiting, now })).toBeNull();
  });

  test.each([
    ['has failed for five days', { since: since(5), last }, 0, 'for 5 days'],
    ['asks for no more', { since: since(0), last: { ...last, gone: true } }, 0, 'answered 500'],
    ['fails while too much waits for it', { since: since(1), last }, 10_001, 'More than 10000'],
  ])('that %s is given up on, and told how to begin again', (_, failing, waiting, why) => {
    const reason = giveUpReason(7, failing, { waiting, now });
    expect(reason).toContain(why);
    expect(reason).toContain('PATCH /api/v1/webhooks/7 with {"is_active": true}');
  });
});
