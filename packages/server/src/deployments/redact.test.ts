import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor } from './redact.ts';

/** Such as cannot be made of a placeholder and what is beside it. */
const value = fc
  .string({ minLength: 6, maxLength: 40, unit: 'grapheme' })
  .filter((text) => !/[[\]]/.test(text) && !'[redacted]'.includes(text));
const around = fc.string({ unit: 'grapheme' });

describe('redacting', () => {
  test('leaves nothing of a value, whatever is around it', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), fc.array(around), (values, texts) => {
        const text = texts.flatMap((text, index) => [text, values[index % values.length]]).join('');
        const redacted = createRedactor(values).text(text);
        for (const value of values) expect(redacted).not.toContain(value);
      }),
    );
  });

  test('leaves what has no value in it as it is', () => {
    fc.assert(
      fc.property(
        fc.array(value),
        fc.string({ unit: fc.constantFrom('\u0001', '\u0002') }),
        (values, text) => {
          expect(createRedactor(values).text(text)).toBe(text);
        },
      ),
    );
    expect(createRedactor([]).text('a\ud800')).toBe('a\ud800');
  });

  const written: Record<string, (text: string) => string> = {
    'a JSON text': (text) => JSON.stringify({ text }),
    'a JSON text in a JSON text': (text) => JSON.stringify(JSON.stringify({ text })),
    'a query': (text) => `?a=${encodeURIComponent(text)}&b`,
    'a query in small letters': (text) =>
      encodeURIComponent(text).replace(/%../g, (hex) => hex.toLowerCase()),
    'a form': (text) => new URLSearchParams({ a: text, b: 'c' }).toString(),
    base64: (text) => Buffer.from(text).toString('base64'),
    'base64 for URLs': (text) => Buffer.from(text).toString('base64url'),
  };
  test.for(Object.entries(written))('finds a value that was written as %s', ([_, write]) => {
    fc.assert(
      fc.property(value, around, around, (value, before, after) => {
        const spelled = write(value);
        const redacted = createRedactor([value]).text(`${before}${spelled}${after}`);
        expect(redacted).not.toContain(spelled);
        expect(redacted).toContain('[redacted]');
      }),
    );
  });

  test('finds a value inside of something longer that is base64', () => {
    fc.assert(
      fc.property(value, around, around, (value, before, after) => {
        const basic = Buffer.from(`${before}${value}${after}`).toString('base64');
        const redacted = createRedactor([value]).text(`Authorization: Basic ${basic}`);
        expect(redacted).toContain('[redacted]');
        const left = redacted.replace('Authorization: Basic ', '').split('[redacted]');
        // At each side one character is part of a neighbour too.
        expect(left.join('').length).toBeLessThanOrEqual(
          basic.length - Math.floor((Buffer.byteLength(value) * 4) / 3) + 2,
        );
      }),
    );
  });

  test('finds the password of an address', () => {
    const url = new URL('postgres://user@db/shop');
    url.password = 'p@ss/w:rd #1';
    expect(createRedactor(['p@ss/w:rd #1']).text(`cannot reach ${url}`)).toBe(
      'cannot reach postgres://user:[redacted]@db/shop',
    );
  });

  test('takes the longest where one value is part of another, and overlapping ones as one', () => {
    const redactor = createRedactor(['secret', 'my-secret-value', 'value-of-mine']);
    expect(redactor.text('a my-secret-value b secret c')).toBe('a [redacted] b [redacted] c');
    expect(redactor.text('my-secret-value-of-mine')).toBe('[redacted]');
  });

  test('leaves short values, which are everywhere', () => {
    expect(createRedactor(['1', 'on', 'debug']).text('1 is on, debug')).toBe('1 is on, debug');
  });

  test('finds the lines of a value that has several, and one without its last newline', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\n  kqhkiG9w0BA\nab\n-----END KEY-----\n';
    const redactor = createRedactor([key, 'from-a-file\n']);
    expect(redactor.text(`1 MIIEvQIBADANBg\r\n2 kqhkiG9w0BA\n3 ab`)).toBe(
      '1 [redacted]\r\n2 [redacted]\n3 ab',
    );
    expect(redactor.text(`key: ${key}.`)).toBe('key: [redacted].');
    expect(redactor.text(`token=from-a-file;`)).toBe('token=[redacted];');
    const basic = Buffer.from('from-a-file').toString('base64');
    expect(redactor.text(basic)).toBe('[redacted]');
  });

  test('takes out what has begun and is not written to its end', () => {
    const redactor = createRedactor(['correct horse battery']);
    expect(redactor.text('pass: correct hors')).toBe('pass: [redacted]');
    expect(redactor.text('pass: corre')).toBe('pass: corre');
    expect(redactor.text('pass: correct horse, no')).toBe('pass: correct horse, no');
  });

  test('shows no part of a value in any piece, however the whole is cut', () => {
    fc.assert(
      fc.property(
        value,
        fc.string({ unit: fc.constantFrom('\u0001', '\u0002') }),
        fc.integer({ min: 1, max: 20 }),
        (value, around, size) => {
          const redactor = createRedactor([value]);
          const bytes = Buffer.from(`${around}${value}${around}`);
          let shown = '';
          for (let from = 0; from < bytes.length; from += size) {
            const to = Math.min(from + size, bytes.length);
            const first = Math.max(0, from - redactor.reach);
            const seen = bytes.subarray(first, to + redactor.reach);
            shown += redactor.piece(seen, from - first, to - first);
          }
          expect(shown.replaceAll('[redacted]', '')).toBe(around + around);
        },
      ),
    );
  });
});
