import type { LineStream } from '../../app-log/log-line.ts';

/** One line of an app's output, or a piece of a line that is longer than the engine's 16 KiB. */
export interface LogMessage {
  stream: LineStream;
  /** When it was printed, in Unix nanoseconds: 19 digits, so that text order is time order. */
  at: string;
  text: Buffer;
}

/** More than the engine ever sends in one frame. */
const maximumFrame = 1024 * 1024;
const headerLength = 8;
/** `2026-11-24T05:29:00.123456789Z ` */
const timestampLength = 31;
const timestampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;

/**
 * Takes apart what the engine sends of a container without a terminal: frames of a stream, a
 * length and a message that starts with its timestamp. Returns what each chunk completes.
 */
export function createFrameReader(): (chunk: Buffer) => LogMessage[] {
  let rest: Buffer = Buffer.alloc(0);
  // Most messages are of the same second as the one before.
  let second = { text: '', digits: '' };

  /** `2026-11-24T05:29:00.123456789Z` as nanoseconds. */
  function nanoseconds(payload: Buffer): string {
    const text = payload.toString('latin1', 0, timestampLength - 1);
    if (!timestampPattern.test(text)) {
      throw new Error('the engine sent a log frame without a timestamp');
    }
    const whole = text.slice(0, 19);
    if (second.text !== whole) {
      const digits = String(Date.parse(`${whole}Z`) / 1000).padStart(10, '0');
      second = { text: whole, digits };
    }
    return second.digits + text.slice(20, 29);
  }

  return (chunk) => {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const messages: LogMessage[] = [];
    let at = 0;
    while (data.length - at >= headerLength) {
      const length = data.readUInt32BE(at + 4);
      if (length > maximumFrame) throw new Error(`the engine sent a log frame of ${length} bytes`);
      const end = at + headerLength + length;
      if (data.length < end) break;
      const payload = data.subarray(at + headerLength, end);
      messages.push({
        stream: data.readUInt8(at) === 2 ? 'stderr' : 'stdout',
        at: nanoseconds(payload),
        text: payload.subarray(timestampLength),
      });
      at = end;
    }
    rest = Buffer.from(data.subarray(at));
    return messages;
  };
}
