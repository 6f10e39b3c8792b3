import type { Writable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as ws from 'ws';
import { pingFrame, textFrame } from './frames.ts';

// The types leave out what `ws` exports besides.
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };

function received(frame: Buffer): { messages: string[]; pings: number } {
  const messages: string[] = [];
  let pings = 0;
  const receiver = new Receiver({ isServer: false });
  receiver.on('message', (data: Buffer) => messages.push(data.toString()));
  receiver.on('ping', () => {
    pings += 1;
  });
  receiver.write(frame);
  return { messages, pings };
}

test.each([0, 1, 125, 126, 127, 65_535, 65_536, 70_000])(
  'a text of %i bytes is framed',
  (length) => {
    const text = 'x'.repeat(length);
    expect(received(textFrame(text)).messages).toEqual([text]);
  },
);

test('any text is framed as a client reads it, and frames follow each other', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 300 })), (texts) => {
      const bytes = Buffer.concat(texts.flatMap((text) => [textFrame(text), pingFrame()]));
      expect(received(bytes)).toEqual({ messages: texts, pings: texts.length });
    }),
  );
});
