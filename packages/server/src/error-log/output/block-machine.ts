import { linePrefix } from './line-prefix.ts';
import type { OutputLine } from './output-line.ts';
import { shortMessage, shortType, stackText } from './stack-text.ts';
import type { Block, Description, Found, OpenBlock } from './traceback.ts';
import { triggerPattern } from './triggers.ts';

/** An exception or a panic that an app printed. */
export interface TracebackFinding extends Description {
  /**
   * As printed, but without ANSI codes and what is before each line (time, source, level). At most
   * 64 KiB: what is left out of the middle is named.
   */
  stack_trace: string;
  /** Byte offset of its first line in the output. */
  start: number;
  /** Byte offset behind its last line. */
  end: number;
}

/** What is longer without having become a traceback is none. */
const mostUnconfirmed = 60;
/** A resume begins at the start of what is not settled, so that may not grow without end. */
const largestBlock = 1024 * 1024;

export interface BlockMachine {
  take(line: OutputLine): void;
  /** Whether there is nothing but, perhaps, one line that can begin a block only with the next. */
  isQuiet(): boolean;
  /** Puts a line before which nothing matters in the place of what it has. Only while it is quiet. */
  hold(line: OutputLine | undefined): void;
  /** Takes the output as ended, with a last line that has no line end. True: that is in a finding. */
  flush(partial: OutputLine | undefined): boolean;
  /** Byte offset of the first line that is not settled. */
  unsettled(): number | undefined;
}

/** Tells which lines belong together. What it does depends on nothing before the unsettled lines. */
export function createBlockMachine(
  open: OpenBlock,
  onFinding: (finding: TracebackFinding) => void,
): BlockMachine {
  let lines: OutputLine[] = [];
  let texts: string[] = [];
  let block: Block | undefined;
  let prefix = '';
  let belonging = 0;
  let isConfirmed = false;
  let settledEnd = 0;
  const trigger = triggerPattern();

  function mayOpen(bytes: string): boolean {
    trigger.lastIndex = 0;
    return trigger.test(bytes);
  }

  function drop(count: number): void {
    lines = count >= lines.length ? [] : lines.slice(count);
    texts = [];
    block = undefined;
    belonging = 0;
    isConfirmed = false;
  }

  function openAtFirst(isEnd: boolean): void {
    const [first, second] = lines;
    if (!first || (!second && !isEnd)) return;
    if (!mayOpen(`${first.bytes}\n${second?.bytes ?? ''}\n`)) return;
    const { length, kind } = linePrefix(first.text);
    const isEachLine = length > 0 && (!second || isPrefixed(second.text, kind));
    prefix = isEachLine ? kind : '';
    const text = isEachLine ? first.text.slice(length) : first.text;
    block = open(text, second && unprefixed(second.text));
    texts = [text];
    belonging = 1;
  }

  function isPrefixed(text: string, kind: string): boolean {
    const found = linePrefix(text);
    return found.length > 0 && found.kind === kind;
  }

  /** Undefined: it is of another source than the block. */
  function unprefixed(text: string): string | undefined {
    if (prefix === '') return text;
    const found = linePrefix(text);
    return found.length > 0 && found.kind === prefix ? text.slice(found.length) : undefined;
  }

  function emit(found: Found): void {
    const unsure = Math.min(found.unsure, texts.length - belonging);
    const count = belonging + unsure;
    settledEnd = (lines[count - 1] as OutputLine).end;
    onFinding({
      error_type: shortType(found.error_type),
      severity: found.severity,
      message: shortMessage(found.message),
      stack_trace: stackText(texts.slice(0, count)).trimEnd(),
      start: (lines[0] as OutputLine).start,
      end: settledEnd,
    });
    drop(count);
  }

  /** False: it is none as yet. */
  function close(ended: Block): boolean {
    const found = ended.finish(texts.slice(belonging));
    if (found === undefined) return false;
    if (found === 'ignored') drop(belonging);
    else emit(found);
    return true;
  }

  function takeNext(ended: Block): void {
    const line = lines[texts.length] as OutputLine;
    const text = unprefixed(line.text);
    const isTooLong = line.end - (lines[0] as OutputLine).start > largestBlock;
    const verdict = text === undefined || isTooLong ? 'alien' : ended.take(text);
    if (verdict !== 'alien') texts.push(text as string);
    if (verdict === 'part' || verdict === 'last') belonging = texts.length;
    const hasEnded = verdict === 'alien' || verdict === 'last';
    const isUnsureTooLong = texts.length - belonging >= mostUnconfirmed;
    if (hasEnded || isUnsureTooLong || isEndless(ended)) {
      if (!close(ended)) drop(1);
    }
  }

  function isEndless(unfinished: Block): boolean {
    if (texts.length < mostUnconfirmed || isConfirmed) return false;
    isConfirmed = unfinished.finish([]) !== undefined;
    return !isConfirmed;
  }

  function run(isEnd: boolean): void {
    while (lines.length > 0) {
      if (!block) {
        openAtFirst(isEnd);
        if (block) continue;
        if (lines.length === 1) return;
        drop(1);
      } else if (texts.length < lines.length) {
        takeNext(block);
      } else if (!isEnd || !close(block)) {
        return;
      }
    }
  }

  return {
    take(line) {
      lines.push(line);
      run(false);
    },
    isQuiet() {
      return !block && lines.length <= 1 && (!lines[0] || !mayOpen(`${lines[0].bytes}\n`));
    },
    hold(line) {
      lines = line ? [line] : [];
    },
    flush(partial) {
      const before = lines;
      lines = partial ? [...before, partial] : before.slice();
      drop(0);
      settledEnd = before[0]?.start ?? 0;
      run(true);
      // Only findings are settled: whatever else the end of the output was, it may go on.
      lines = before.filter(({ start }) => start >= settledEnd);
      drop(0);
      run(false);
      return partial !== undefined && partial.end <= settledEnd;
    },
    unsettled: () => lines[0]?.start,
  };
}
