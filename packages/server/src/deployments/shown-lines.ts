import type { LogEntry } from '@borgos/contracts/deployment-logs';
import type { LogLine } from '../app-log/log-line.ts';
import type { Range, Redactor } from './redact.ts';

/** Lines in a row, and what is around them, as a secret may begin before and end after them. */
export interface LinesInContext {
  before: LogLine[];
  lines: LogLine[];
  after: LogLine[];
}

/**
 * The text of lines, without secrets. What one stream of one start printed is looked at in one
 * piece: there is nothing of others within a secret, and it may be cut by the end of a piece.
 */
export function redactLines(context: LinesInContext, redactor: Redactor): string[] {
  if (redactor.reach === 0) return context.lines.map(({ content }) => content.toString());
  const all = [...context.before, ...context.lines, ...context.after];
  const texts: string[] = Array.from({ length: all.length }, () => '');
  for (const indexes of byPrinter(all)) {
    const contents: Buffer[] = [];
    const ranges: Range[] = [];
    let size = 0;
    for (const index of indexes) {
      const { content, isEnded } = all[index] ?? noLine;
      ranges.push({ from: size, to: size + content.length });
      contents.push(content);
      if (isEnded) contents.push(lineEnd);
      size += content.length + Number(isEnded);
    }
    const pieces = redactor.pieces(Buffer.concat(contents), ranges);
    for (const [at, index] of indexes.entries()) texts[index] = pieces[at] ?? '';
  }
  return texts.slice(context.before.length, context.before.length + context.lines.length);
}

const lineEnd = Buffer.from('\n');
const noLine = { content: Buffer.alloc(0), isEnded: true };

function byPrinter(lines: readonly LogLine[]): Iterable<number[]> {
  const groups = new Map<string, number[]>();
  for (const [index, { stream, generation }] of lines.entries()) {
    const key = `${stream}${generation}`;
    const group = groups.get(key);
    if (group) group.push(index);
    else groups.set(key, [index]);
  }
  return groups.values();
}

/** A line as it is told; of a build no more is known than its text. */
export function entryOf(line: LogLine, text: string, isBuild: boolean): LogEntry {
  return {
    offset: line.offset,
    timestamp: isBuild ? null : new Date(Number(line.at.slice(0, 13))).toISOString(),
    stream: isBuild ? 'build' : line.stream,
    revision: line.revision,
    generation: isBuild ? null : line.generation,
    text,
    ...(!line.isEnded && { continues: true }),
  };
}

/** Lines as one text. One that goes on is joined with what it goes on with. */
export function textOf(entries: readonly LogEntry[]): string {
  return entries
    .map((entry, index) => {
      const next = entries[index + 1];
      const isJoined = entry.continues && (!next || isSamePrinter(entry, next));
      return isJoined ? entry.text : `${entry.text}\n`;
    })
    .join('');
}

function isSamePrinter(one: LogEntry, other: LogEntry): boolean {
  return one.stream === other.stream && one.generation === other.generation;
}
