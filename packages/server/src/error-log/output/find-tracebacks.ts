import { type BlockMachine, createBlockMachine, type TracebackFinding } from './block-machine.ts';
import { openTraceback } from './languages/open-traceback.ts';
import { longestJudged, type OutputLine, outputLine } from './output-line.ts';
import { triggerPattern } from './triggers.ts';

export interface TracebackFinderOptions {
  /** Byte offset of the first byte that will be pushed: the `resumeOffset` of an earlier finder. */
  offset?: number;
  /** How many findings a push or flush returns at most; the others are only counted. */
  maxFindings?: number;
}

export interface Tracebacks {
  findings: TracebackFinding[];
  /** How many more there were. */
  suppressed: number;
}

export interface TracebackFinder {
  /**
   * Takes the next bytes of the output, cut anywhere. Where `offset` is not where the bytes before
   * ended, what was pending is taken as ended, and its findings are returned too.
   */
  push(bytes: Uint8Array, offset: number): Tracebacks;
  /**
   * Returns what is pending. To be called when the output was quiet for a while, since only the next
   * line tells that a traceback has ended, and when the app has ended.
   */
  flush(): Tracebacks;
  /**
   * Byte offset before which everything is settled: a new finder that is given what begins there
   * finds what this one would have found from now on.
   */
  readonly resumeOffset: number;
}

/** More is a new line, so that a resume is never further back. */
const longestLine = 1024 * 1024;
/** Smaller than a line may be long, so that one that is too long is always seen in parts. */
const pieceLength = 256 * 1024;

/**
 * Finds exceptions, panics and fatal errors in what an app prints: a pure machine. What is not settled
 * is at most 2 MiB: a block and a line. Findings are what was printed: secrets are still in them.
 */
export function createTracebackFinder({
  offset = 0,
  maxFindings = 100,
}: TracebackFinderOptions = {}): TracebackFinder {
  let result: Tracebacks = { findings: [], suppressed: 0 };
  let position = offset;
  /** The line that has not ended: its beginning as Latin-1, and where it begins. */
  let partial = '';
  let partialStart = offset;
  const trigger = triggerPattern();
  const machine: BlockMachine = createBlockMachine(openTraceback, (finding) => {
    if (result.findings.length < maxFindings) result.findings.push(finding);
    else result.suppressed += 1;
  });

  function takeResult(): Tracebacks {
    const taken = result;
    result = { findings: [], suppressed: 0 };
    return taken;
  }

  function startAnew(at: number): void {
    flushAll();
    machine.hold(undefined);
    position = at;
    partial = '';
    partialStart = at;
  }

  function flushAll(): void {
    const last = partialStart < position ? outputLine(partial, partialStart, position) : undefined;
    if (!machine.flush(last)) return;
    partial = '';
    partialStart = position;
  }

  /** Takes the rest of the line that has not ended. Returns where in the piece the next one begins. */
  function endPartial(piece: string, from: number): number {
    const room = longestLine - (position + from - partialStart);
    const newline = piece.indexOf('\n', from);
    const isEnded = newline !== -1 && newline - from < room;
    const until = isEnded ? newline : Math.min(piece.length, from + room);
    if (partial.length <= longestJudged) {
      // One more than is judged, to know that it is cut.
      partial += piece.slice(from, Math.min(until, from + longestJudged + 1 - partial.length));
    }
    const next = isEnded ? until + 1 : until;
    if (isEnded || until - from === room) {
      machine.take(outputLine(partial, partialStart, position + next));
      partial = '';
      partialStart = position + next;
    }
    return next;
  }

  function lineAt(piece: string, from: number, newline: number): OutputLine {
    const until = Math.min(newline, from + longestJudged + 1);
    return outputLine(piece.slice(from, until), position + from, position + newline + 1);
  }

  /** Goes to the line before the next one that matters, over what needs no look at each line. */
  function skip(piece: string, from: number, lastNewline: number): number {
    trigger.lastIndex = from;
    const at = trigger.exec(piece)?.index ?? -1;
    if (at === -1 || at > lastNewline) {
      const start = Math.max(from, lineStart(piece, lastNewline));
      machine.hold(lineAt(piece, start, lastNewline));
      return lastNewline + 1;
    }
    const start = Math.max(from, lineStart(piece, at));
    if (start === from) return from;
    const before = Math.max(from, lineStart(piece, start - 1));
    machine.hold(lineAt(piece, before, start - 1));
    return start;
  }

  function takePiece(piece: string): void {
    const lastNewline = piece.lastIndexOf('\n');
    let at = partialStart < position ? endPartial(piece, 0) : 0;
    while (at <= lastNewline) {
      if (machine.isQuiet()) at = skip(piece, at, lastNewline);
      if (at <= lastNewline) {
        const newline = piece.indexOf('\n', at);
        machine.take(lineAt(piece, at, newline));
        at = newline + 1;
      }
      partialStart = position + at;
    }
    while (at < piece.length) at = endPartial(piece, at);
    position += piece.length;
  }

  return {
    push(bytes, at) {
      if (at !== position) startAnew(at);
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let from = 0; from < buffer.length; from += pieceLength) {
        takePiece(buffer.toString('latin1', from, from + pieceLength));
      }
      return takeResult();
    },
    flush() {
      flushAll();
      return takeResult();
    },
    get resumeOffset() {
      return machine.unsettled() ?? partialStart;
    },
  };
}

/** Where the line begins that has, or ends with, what is at an index. */
function lineStart(piece: string, at: number): number {
  return at === 0 ? 0 : piece.lastIndexOf('\n', at - 1) + 1;
}
