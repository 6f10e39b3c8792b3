import { headOf, type LogLine, longestHead } from './log-line.ts';

/** Lines of one instance that are to be appended together. */
export interface LineBatch {
  readonly generation: number;
  /** In bytes of the file, heads included. */
  readonly size: number;
  /** `at` is in Unix nanoseconds, with 19 digits; the content has no newline and at most 16 KiB. */
  add(line: Pick<LogLine, 'stream' | 'at' | 'isEnded' | 'content'>): void;
  bytes(): Buffer;
}

const firstCapacity = 4 * 1024;

export function createLineBatch({
  revision,
  generation,
}: Pick<LogLine, 'revision' | 'generation'>): LineBatch {
  let buffer = Buffer.allocUnsafe(firstCapacity);
  let size = 0;
  // Lines of the same moment have the same head, which then is only copied.
  let head = { stream: '', at: '', isEnded: false, bytes: Buffer.alloc(0) };

  function reserve(length: number): void {
    if (size + length <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, size + length));
    buffer.copy(larger, 0, 0, size);
    buffer = larger;
  }

  return {
    generation,
    get size() {
      return size;
    },
    add({ stream, at, isEnded, content }) {
      reserve(longestHead + content.length + 1);
      if (head.at !== at || head.stream !== stream || head.isEnded !== isEnded) {
        const text = headOf({ stream, at, isEnded, revision, generation });
        head = { stream, at, isEnded, bytes: Buffer.from(text, 'latin1') };
      }
      size += head.bytes.copy(buffer, size);
      size += content.copy(buffer, size);
      buffer[size] = 10;
      size += 1;
    },
    bytes: () => buffer.subarray(0, size),
  };
}
