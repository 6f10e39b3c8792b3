import { expect, test } from 'vitest';
import { createFrameReader } from './log-frames.ts';

function frame(source: number, text: string): Buffer {
  const payload = Buffer.from(`2026-11-24T05:29:00.123456789Z ${text}`);
  const header = Buffer.alloc(8);
  header.writeUInt8(source, 0);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

test('reads the same messages however the stream is cut into chunks', () => {
  const data = Buffer.concat([frame(1, 'hä\n'), frame(2, ''), frame(1, 'no newline')]);
  for (const size of [1, 7, 40, data.length]) {
    const read = createFrameReader();
    const messages = Array.from({ length: Math.ceil(data.length / size) }, (_, index) =>
      read(data.subarray(index * size, (index + 1) * size)),
    ).flat();
    const at = `${Date.parse('2026-11-24T05:29:00Z') / 1000}123456789`;
    expect(messages.map(({ text, ...rest }) => ({ ...rest, text: String(text) }))).toEqual([
      { stream: 'stdout', at, text: 'hä\n' },
      { stream: 'stderr', at, text: '' },
      { stream: 'stdout', at, text: 'no newline' },
    ]);
  }
});

test('refuses what is no log of a container without a terminal', () => {
  expect(() => createFrameReader()(Buffer.from('plain text of a terminal'))).toThrow(/log frame/);
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 2]);
  expect(() => createFrameReader()(Buffer.concat([header, Buffer.from('ab')]))).toThrow(
    /timestamp/,
  );
});
