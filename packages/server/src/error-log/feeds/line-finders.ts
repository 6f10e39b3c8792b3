import type { LogLine } from '../../app-log/log-line.ts';
import {
  createTracebackFinder,
  type TracebackFinder,
  type Tracebacks,
} from '../output/find-tracebacks.ts';

export type Finding = Tracebacks['findings'][number];

/** Finds what the lines of a log tell of errors, in each stream of each start of the app by itself. */
export interface LineFinders {
  /** Takes lines in their order. Offsets of findings are those of the log. */
  push(lines: readonly LogLine[]): Finding[];
  /** Takes what is pending as ended. */
  flush(): Finding[];
  /** Before it all is settled; `undefined`: nothing is pending. */
  readonly unsettled: number | undefined;
}

/** What a finder has read, and where that is in the log. */
interface Printer {
  finder: TracebackFinder;
  /** How much it has read. */
  size: number;
  /** Lines that are not settled, by where they begin for the finder and in the log. */
  lines: { at: number; offset: number; end: number }[];
}

const lineEnd = Buffer.from('\n');

export function createLineFinders(): LineFinders {
  const printers = new Map<string, Printer>();

  function printerOf({ generation, stream }: LogLine): Printer {
    const key = `${generation}${stream}`;
    const known = printers.get(key);
    if (known) return known;
    // What a slice can have is few enough.
    const finder = createTracebackFinder({ maxFindings: Number.POSITIVE_INFINITY });
    const printer: Printer = { finder, size: 0, lines: [] };
    printers.set(key, printer);
    return printer;
  }

  /** Of a finder's offsets those of the log. */
  function placed({ lines }: Printer, { findings }: Tracebacks): Finding[] {
    return findings.map((finding) => {
      const first = lines[countUpTo(lines, finding.start) - 1] ?? lines[0];
      const last = lines[countUpTo(lines, finding.end - 1) - 1];
      return { ...finding, start: first?.offset ?? 0, end: last?.end ?? 0 };
    });
  }

  function forgetSettled(printer: Printer): void {
    const { resumeOffset } = printer.finder;
    const index = countUpTo(printer.lines, resumeOffset) - 1;
    // The one that is unsettled is kept.
    if (resumeOffset >= printer.size) printer.lines = [];
    else if (index > 0) printer.lines.splice(0, index);
  }

  return {
    push(lines) {
      const added = new Map<Printer, { from: number; contents: Buffer[] }>();
      for (const line of lines) {
        const printer = printerOf(line);
        const more = added.get(printer) ?? { from: printer.size, contents: [] };
        added.set(printer, more);
        printer.lines.push({ at: printer.size, offset: line.offset, end: line.end });
        more.contents.push(line.content);
        if (line.isEnded) more.contents.push(lineEnd);
        printer.size += line.content.length + Number(line.isEnded);
      }
      return [...added].flatMap(([printer, { from, contents }]) => {
        const findings = placed(printer, printer.finder.push(Buffer.concat(contents), from));
        forgetSettled(printer);
        return findings;
      });
    },
    flush() {
      const findings = [...printers.values()].flatMap((printer) =>
        placed(printer, printer.finder.flush()),
      );
      printers.clear();
      return findings;
    },
    get unsettled() {
      const offsets = [...printers.values()].flatMap(({ lines }) => lines[0]?.offset ?? []);
      return offsets.length === 0 ? undefined : Math.min(...offsets);
    },
  };
}

/** How many of the lines begin there or before. */
function countUpTo(lines: Printer['lines'], at: number): number {
  let from = 0;
  let to = lines.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((lines[middle]?.at ?? 0) <= at) from = middle + 1;
    else to = middle;
  }
  return from;
}
