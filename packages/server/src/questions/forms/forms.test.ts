import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formOf, forms } from './forms.ts';

test('each form understands its own example, politely asked or not', () => {
  for (const { example } of forms) {
    for (const said of [example, `Please, could you ${example}?`, `  ${example.toUpperCase()} !`]) {
      expect(formOf(said)?.form.example, said).toBe(example);
    }
  }
  expect(forms.length).toBeGreaterThanOrEqual(40);
});

test('whatever is asked, it is known at once whether it has a form', () => {
  const words = fc.constantFrom(
    ...forms.flatMap(({ example }) => example.split(' ')),
    'of',
    'in',
    'the',
    'project',
    'deployment',
    '"',
    'a'.repeat(40),
  );
  const question = fc
    .array(words, { minLength: 1, maxLength: 60 })
    .map((some) => some.join(' ').slice(0, 300));
  fc.assert(
    fc.property(question, (text) => {
      // A pattern that goes back and forth without end meets the time limit of this test.
      formOf(text);
    }),
    { numRuns: 500 },
  );
});
