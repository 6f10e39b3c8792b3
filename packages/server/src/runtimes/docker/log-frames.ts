/** One line of an app's output, or a piece of a line that is longer than the engine's 16 KiB. */
export interface LogMessage {
  source: 'stdout' | 'stderr';
  /** When it was printed: RFC 3339 in UTC with nine decimals, so that text order is time order. */
  at: string;
  text: Buffer;
}

/** More than the engine ever sends in one frame. */
const maximumFrame = 1024 * 1024;
const headerLength = 8;
/** `2026-11-24T05:29:00.123456789Z ` */
const timestampLength = 31;

/**
 * Takes apart what the engine sends of a container without a terminal: frames of a source, a
 * length and a message that starts with its timestamp. Returns what each chunk completes.
 */
export function createFrameReader(): (chunk: Buffer) => LogMessage[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const messages: LogMessage[] = [];
    let at = 0;
    while (data.length - at >= headerLength) {
      const length = data.readUInt32BE(at + 4);
      if (length > maximumFrame) throw new Error(`the engine sent a log frame of ${length} bytes`);
      const end = at + headerLength + length;
      if (data.length < end) break;
      const source = data.readUInt8(at) === 2 ? 'stderr' : 'stdout';
      messages.push(readMessage(source, data.subarray(at + headerLength, end)));
      at = end;
    }
    rest = Buffer.from(data.subarray(at));
    return messages;
  };
}

function readMessage(source: LogMessage['source'], payload: Buffer): LogMessage {
  const at = payload.toString('latin1', 0, timestampLength - 1);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(at)) {
    throw new Error('the engine sent a log frame without a timestamp');
  }
  return { source, at, text: payload.subarray(timestampLength) };
}
