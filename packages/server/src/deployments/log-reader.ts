import { type LogLine, longestLine } from '../app-log/log-line.ts';
import type { LogSource } from './log-source.ts';
import type { Redactor } from './redact.ts';
import type { Interest, ShownLines, ShownLog } from './scan-log.ts';
import { entryOf, redactLines } from './shown-lines.ts';

/** Gives what takes the secrets of a deployment out of what is printed by its revisions. */
export type RedactorFor = (deploymentId: number, newestRevision: number) => Promise<Redactor>;

const mostKnown = 100;

/**
 * Remembers redactors, as who follows a log needs one many times a second. A revision has the
 * secrets that it was made with, so that only a newer one can print others.
 */
export function rememberRedactors(make: (deploymentId: number) => Promise<Redactor>): RedactorFor {
  const known = new Map<number, { upTo: number; redactor: Promise<Redactor> }>();
  return (id, newest) => {
    const found = known.get(id);
    if (found && found.upTo >= newest) return found.redactor;
    const redactor = make(id);
    known.delete(id);
    known.set(id, { upTo: newest, redactor });
    redactor.catch(() => known.delete(id));
    const [oldest] = known.keys();
    if (known.size > mostKnown && oldest !== undefined) known.delete(oldest);
    return redactor;
  };
}

/** A log as it may be shown. */
export function shownLog(
  deploymentId: number,
  source: LogSource,
  redactorFor: RedactorFor,
): ShownLog {
  async function show(
    { lines, offset, next }: { lines: LogLine[]; offset: number; next: number },
    isOfInterest: Interest,
  ): Promise<ShownLines> {
    if (lines.length === 0 || !isOfInterest(lines)) return { lines, entries: [], offset, next };
    const newest = lines.reduce((most, { revision }) => Math.max(most, revision), 0);
    const redactor = await redactorFor(deploymentId, newest);
    const texts = redactLines(await inContext(lines, redactor, next), redactor);
    const entries = lines.map((line, at) => entryOf(line, texts[at] ?? '', source.isBuild));
    return { lines, entries, offset, next };
  }

  /** Twice as far as a secret is long, as there are heads in between, and lines of others. */
  async function inContext(lines: LogLine[], { reach }: Redactor, next: number) {
    const first = lines[0]?.offset ?? next;
    if (reach === 0) return { before: [], lines, after: [] };
    const around = 2 * reach + longestLine;
    const before = await source.readBack(first, around);
    const after = await source.read(next, around);
    return {
      before: before.lines.filter(({ end }) => end <= first),
      lines,
      after: after.lines.filter(({ offset }) => offset >= next),
    };
  }

  const all = () => true;
  return {
    bounds: () => source.bounds(),
    read: async (from, most, isOfInterest = all) =>
      show(await source.read(from, most), isOfInterest),
    readBack: async (to, most, isOfInterest = all) =>
      show(await source.readBack(to, most), isOfInterest),
  };
}
