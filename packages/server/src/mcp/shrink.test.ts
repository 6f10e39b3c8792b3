import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shrink, sizeOf } from './shrink.ts';

test('what fits is left as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(shrink(value, sizeOf(value))).toBe(value);
    }),
  );
});

test('what is cut keeps its fields, and has at most the bytes that it may have', () => {
  const record = fc.record({
    id: fc.integer(),
    status: fc.string({ maxLength: 20 }),
    content: fc.string({ unit: 'binary', maxLength: 20_000 }),
    items: fc.array(fc.record({ path: fc.string(), line: fc.integer() }), { maxLength: 500 }),
  });
  fc.assert(
    fc.property(record, fc.integer({ min: 600, max: 5000 }), (value, budget) => {
      const cut = Object(shrink(value, budget));
      expect(Object.keys(cut)).toEqual(Object.keys(value));
      expect(cut).toMatchObject({ id: value.id, status: value.status });
      // Escapes and the sign that something is missing take some more.
      expect(sizeOf(cut)).toBeLessThanOrEqual(Math.max(budget * 6, budget));
      expect(cut.items).toEqual(value.items.slice(0, cut.items.length));
    }),
  );
});

test('a long text keeps its beginning, and says that it goes on', () => {
  expect(shrink({ content: 'é'.repeat(1000) }, 100)).toEqual({
    content: expect.stringMatching(/^é{30,50}…$/),
  });
});

test('of a long list the first items are kept whole', () => {
  const items = Array.from({ length: 100 }, (_, id) => ({ id, text: 'some words' }));
  const cut = Object(shrink({ items }, 300)).items;
  expect(cut).toEqual(items.slice(0, cut.length));
  expect(cut.length).toBeGreaterThan(5);
});
