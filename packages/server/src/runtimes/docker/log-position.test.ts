import { expect, test } from 'vitest';
import type { LogPosition } from '../../app-log/log-position.ts';
import type { LogMessage } from './log-frames.ts';
import { createLogCursor, repeatFrom } from './log-position.ts';

const from = Date.parse('2026-11-24T05:00:00Z');

function message(stream: LogMessage['stream'], second: number, text: string): LogMessage {
  return { stream, at: `${from + second * 1000}000000`, text: Buffer.from(text) };
}

const now = Date.parse('2026-11-24T06:00:00Z');

function take(
  start: LogPosition,
  messages: LogMessage[],
  clock = now,
): { taken: string; position: LogPosition } {
  const cursor = createLogCursor(start, () => clock);
  const taken = messages.filter((one) => cursor.take(one)).map(({ text }) => String(text));
  return { taken: taken.join(''), position: cursor.position };
}

const messages = [
  message('stdout', 1, 'a'),
  message('stderr', 3, 'b'),
  message('stdout', 2, 'c'),
  message('stdout', 2, 'd'),
  message('stdout', 2, 'e'),
  message('stderr', 4, 'f'),
];

test('wherever the copy was cut, the engine’s repetition completes it without loss or repeat', () => {
  for (let cut = 0; cut <= messages.length; cut += 1) {
    const before = take({}, messages.slice(0, cut));
    const after = take(before.position, messages);
    expect(before.taken + after.taken).toBe('abcdef');
  }
});

test('asks for a little more than what is new, as the sources are not in the order of time', () => {
  expect(repeatFrom({})).toBe(0);
  const { position } = take({}, messages);
  expect(repeatFrom(position)).toBe(Date.parse('2026-11-24T05:00:04Z') / 1000 - 10);
});

test('leaves out what the engine repeats in the middle of an answer', () => {
  const twice = [...messages, ...messages, message('stdout', 5, 'g')];
  expect(take({}, twice).taken).toBe('abcdefg');
});

test('takes what comes after the clock was set back', () => {
  const setBack = Date.parse('2026-11-24T05:00:01Z');
  const { position } = take({}, [...messages, message('stdout', 5, 'g')]);
  expect(take(position, [message('stdout', 1, 'h')], setBack).taken).toBe('h');
  expect(take(position, [message('stdout', 1, 'h')]).taken).toBe('');
});
