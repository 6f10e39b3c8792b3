import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../../errors.ts';
import { parseEnvelope, parseEvent } from './parse-envelope.ts';

const parse = (text: string) => parseEnvelope(Buffer.from(text));
const payloads = (text: string) => parse(text).items.map(({ payload }) => payload?.toString());

test('reads what @sentry/node sends: items without a length', () => {
  const { header, items } = parse(
    '{"event_id":"9e8b4e6546e74fb791c8f7711acdb269","sent_at":"2026-11-24T11:41:56.913Z","sdk":{"name":"sentry.javascript.node","version":"11.12.0"},"trace":{"environment":"test","public_key":"0123456789abcdef0123456789abcdef"}}\n' +
      '{"type":"event"}\n' +
      '{"event_id":"9e8b4e6546e74fb791c8f7711acdb269","level":"error","platform":"node"}',
  );
  expect(header.eventId).toBe('9e8b4e6546e74fb791c8f7711acdb269');
  expect(items).toHaveLength(1);
  expect(parseEvent(items[0]?.payload ?? Buffer.of())).toMatchObject({ platform: 'node' });
});

test('reads what sentry-sdk for Python sends: lengths in bytes, and an attachment with newlines', () => {
  const event = '{"message":"größer","level":"warning"}';
  const { items } = parse(
    '{"event_id":"db8110714ce5449d834206e21751d9c4","sent_at":"2026-11-24T11:42:23.458541Z"}\n' +
      `{"type":"event","content_type":"application/json","length":${Buffer.byteLength(event)}}\n${event}\n` +
      '{"filename":"x.bin","type":"attachment","content_type":"application/octet-stream","length":4}\na\nb\n\n',
  );
  expect(items.map(({ type }) => type)).toEqual(['event', 'attachment']);
  expect(items[0]?.payload?.toString()).toBe(event);
  expect(items[1]?.payload, 'an attachment is not kept').toBeUndefined();
});

test('reads the examples of Sentry’s documentation', () => {
  const dsn = 'https://e12d836b15bb49d7bbf99e64295d995b:@sentry.io/42';
  const header = `{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","dsn":"${dsn}"}`;
  const both =
    `${header}\n{"type":"attachment","length":10,"content_type":"text/plain"}\n\ufeffHello\r\n\n` +
    '{"type":"event","length":41,"content_type":"application/json"}\n{"message":"hello world","level":"error"}';
  for (const text of [both, `${both}\n`]) {
    expect(payloads(text)).toEqual([undefined, '{"message":"hello world","level":"error"}']);
    expect(parse(text).header.dsn).toBe(dsn);
  }
  const empty = '{}\n{"type":"attachment","length":0}\n\n{"type":"attachment","length":0}\n';
  for (const text of [empty, `${empty}\n`]) expect(parse(text).items).toHaveLength(2);
  expect(parse('{}\n{"type":"attachment"}\nhelloworld').items).toHaveLength(1);
  expect(parse('{"event_id":"12c2d058d58442709aa2eca08bf20986"}').items).toEqual([]);
});

test('takes CRLF after headers, payloads with a length and payloads of one line', () => {
  expect(
    payloads('{}\r\n{"type":"event","length":2}\r\n{}\r\n{"type":"event"}\r\n{ }\r\n').map((text) =>
      text?.trim(),
    ),
  ).toEqual(['{}', '{ }']);
});

test.each([
  ['nothing', '', /header of the envelope \(byte 0\).*JSON object/],
  ['no JSON', 'hello', /header of the envelope/],
  ['a list for a header', '[]\n', /header of the envelope/],
  ['an item that is no JSON', '{}\n{"type":"event"}\n{}\n!', /header of item 2 \(byte 23\)/],
  ['an item without a type', '{}\n{"length":2}\n{}', /item 1 \(byte 3\) needs a "type"/],
  ['a length of text', '{}\n{"type":"event","length":"2"}\n{}', /"length" of item 1/],
  ['a negative length', '{}\n{"type":"event","length":-1}\n{}', /"length" of item 1/],
  ['a length beyond the end', '{}\n{"type":"event","length":9}\n{}', /9 bytes, and only 2 follow/],
  ['a length too short', '{}\n{"type":"event","length":1}\n{}', /goes on after its 1 bytes/],
])('says what is wrong and where: %s', (_, text, message) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({
      code: 'VALIDATION_FAILED',
      message: expect.stringMatching(message),
    }),
  );
});

test('says that an event is not JSON', () => {
  expect(() => parseEvent(Buffer.from('{"a":'))).toThrow(
    expect.objectContaining({ code: 'VALIDATION_FAILED' }),
  );
});

test('refuses more than 100 items and an event of more than 1 MiB, but not an attachment', () => {
  const tooLarge = expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' });
  const item = '{"type":"session"}\n{}\n';
  expect(parse(`{}\n${item.repeat(100)}`).items).toHaveLength(100);
  expect(() => parse(`{}\n${item.repeat(101)}`)).toThrow(tooLarge);
  const large = 'x'.repeat(1024 * 1024 + 1);
  expect(() => parse(`{}\n{"type":"event"}\n${large}`)).toThrow(tooLarge);
  expect(parse(`{}\n{"type":"attachment"}\n${large}`).items).toHaveLength(1);
  const event = `{"type":"event"}\n${'x'.repeat(1024 * 1024)}\n`;
  expect(parse(`{}\n${event.repeat(2)}`).items).toHaveLength(2);
  expect(() => parse(`{}\n${event.repeat(3)}`)).toThrow(tooLarge);
});

test('throws nothing but refusals, whatever the bytes are', () => {
  const piece = fc.oneof(
    fc.constantFrom('{}', '{"type":"event"}', '{"type":"event","length":3}', '\n', '\r\n', '{'),
    fc.constantFrom('{"type":"x","length":1e99}', '{"length":null,"type":"event"}', 'null', '\0'),
    fc.json(),
    fc.uint8Array({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const body = Buffer.concat(pieces.map((one) => Buffer.from(one)));
      try {
        for (const { payload } of parseEnvelope(body).items) if (payload) parseEvent(payload);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
      }
    }),
    { numRuns: 2000 },
  );
});

test('gives back every envelope as it was put together', () => {
  const item = fc.record({ payload: fc.uint8Array({ maxLength: 50 }), withLength: fc.boolean() });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 20 }), fc.boolean(), (items, endsWithNewline) => {
      const sent = items.map(({ payload, withLength }) => ({
        payload: withLength ? payload : payload.filter((byte) => byte !== 10),
        header: withLength ? { type: 'event', length: payload.length } : { type: 'event' },
      }));
      const parts = sent.map(({ header, payload }) =>
        Buffer.concat([Buffer.from(`\n${JSON.stringify(header)}\n`), payload]),
      );
      const body = Buffer.concat([
        Buffer.from('{}'),
        ...parts,
        Buffer.from(endsWithNewline ? '\n' : ''),
      ]);
      expect(parseEnvelope(body).items.map(({ payload }) => payload?.toString('hex'))).toEqual(
        sent.map(({ payload }) => Buffer.from(payload).toString('hex')),
      );
    }),
  );
});
