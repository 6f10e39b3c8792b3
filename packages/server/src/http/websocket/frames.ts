/**
 * A whole message of text as RFC 6455 frames it, unmasked, as servers send: one frame serves all who
 * are told the same.
 */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const headLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  // Not from the shared pool: a frame that waits for a slow reader would keep all of it.
  const frame = Buffer.allocUnsafeSlow(headLength + length);
  frame[0] = 0x81;
  if (headLength === 2) {
    frame[1] = length;
  } else if (headLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, headLength);
  return frame;
}

/** A ping without data. */
export function pingFrame(): Buffer {
  return Buffer.from([0x89, 0]);
}
