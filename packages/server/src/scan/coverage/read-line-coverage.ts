import type { Measured } from './coverage.ts';

/** Files or blocks of one report that are kept apart. */
const MAX_ENTRIES = 1_000_000;

/** lcov.info: `SF:` begins a file, `DA:line,hits` is a line. The same file may come several times. */
export function readLcov(text: string): Measured | undefined {
  const files = new Map<string, { covered: number; total: number }>();
  let isReport = false;
  let source = '';
  let counted = { covered: 0, total: 0 };
  let summed: { covered?: number; total?: number } = {};
  for (const line of lines(text)) {
    if (line.startsWith('SF:')) {
      isReport = true;
      source = line.slice(3).trim();
      counted = { covered: 0, total: 0 };
      summed = {};
    } else if (line.startsWith('DA:')) {
      const hits = /^DA:\d+,(-?\d+)/.exec(line)?.[1];
      if (hits === undefined) continue;
      counted.total++;
      if (Number(hits) > 0) counted.covered++;
    } else if (line.startsWith('LF:')) summed.total = number(line);
    else if (line.startsWith('LH:')) summed.covered = number(line);
    else if (line.startsWith('end_of_record') && files.size < MAX_ENTRIES) {
      const { covered = counted.covered, total = counted.total } = summed;
      const known = files.get(source);
      if (!known || covered > known.covered) files.set(source, { covered, total });
    }
  }
  if (!isReport) return undefined;
  let covered = 0;
  let total = 0;
  for (const file of files.values()) {
    covered += Math.min(file.covered, file.total);
    total += file.total;
  }
  return { tool: 'lcov', covered, total };
}

function number(line: string): number | undefined {
  const digits = /^..:(\d{1,9})\s*$/.exec(line)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A profile of Go: statements, as its own tool counts; a block may come once for each package. */
export function readGoProfile(text: string): Measured | undefined {
  if (!/^mode: (?:set|count|atomic)\s*$/.test(text.slice(0, 40).split('\n', 1)[0] ?? '')) {
    return undefined;
  }
  const blocks = new Map<string, { statements: number; isCovered: boolean }>();
  for (const line of lines(text)) {
    const found = /^(\S+:\d+\.\d+,\d+\.\d+) (\d{1,7}) (\d+)\s*$/.exec(line);
    if (!found || blocks.size >= MAX_ENTRIES) continue;
    const key = found[1] ?? '';
    const isCovered = Number(found[3]) > 0 || blocks.get(key)?.isCovered === true;
    blocks.set(key, { statements: Number(found[2]), isCovered });
  }
  let covered = 0;
  let total = 0;
  for (const { statements, isCovered } of blocks.values()) {
    total += statements;
    if (isCovered) covered += statements;
  }
  return { tool: 'go', covered, total };
}

/** One by one: a report may have millions. No line that counts is longer. */
function* lines(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    yield text.slice(start, Math.min(end, start + 4_096));
    start = end + 1;
  }
}
