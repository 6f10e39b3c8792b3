import type { Measured } from './coverage.ts';

type Table = Record<string, unknown>;

/** coverage.json of coverage.py, Istanbul's two reports, SimpleCov's two. */
export function readJsonCoverage(text: string): Measured | undefined {
  const report = parsed(text);
  if (!report) return undefined;
  return (
    fromCoveragePy(report) ??
    fromIstanbulSummary(report) ??
    fromSimplecovRun(report) ??
    fromSimplecovSet(report) ??
    fromIstanbulFiles(report)
  );
}

function parsed(text: string): Table | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isTable(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function fromCoveragePy(report: Table): Measured | undefined {
  const totals = table(report.totals);
  const covered = count(totals.covered_lines);
  const total = count(totals.num_statements);
  if (covered === undefined || total === undefined) return undefined;
  const written = table(report.meta).timestamp;
  const time = typeof written === 'string' ? Date.parse(written) : undefined;
  return { tool: 'coverage.py', covered, total, time };
}

function fromIstanbulSummary(report: Table): Measured | undefined {
  const lines = table(table(report.total).lines);
  const covered = count(lines.covered);
  const total = count(lines.total);
  return covered === undefined || total === undefined
    ? undefined
    : { tool: 'istanbul', covered, total };
}

function fromSimplecovRun(report: Table): Measured | undefined {
  const result = table(report.result);
  const percent = count(result.line) ?? count(result.covered_percent);
  return percent === undefined ? undefined : { tool: 'simplecov', percent };
}

/** Several runs over the same files: a line counts as covered if one of them covers it. */
function fromSimplecovSet(report: Table): Measured | undefined {
  const files = new Map<string, Map<number, boolean>>();
  let time: number | undefined;
  for (const run of Object.values(report)) {
    for (const [file, entry] of Object.entries(table(table(run).coverage))) {
      const lines = Array.isArray(entry) ? entry : table(entry).lines;
      if (!Array.isArray(lines)) continue;
      const known = files.get(file) ?? new Map<number, boolean>();
      files.set(file, known);
      for (const [number, hits] of lines.entries()) {
        if (typeof hits === 'number') known.set(number, hits > 0 || known.get(number) === true);
      }
    }
    time = latest(time, count(table(run).timestamp));
  }
  return files.size === 0 ? undefined : { tool: 'simplecov', ...sum(files.values()), time };
}

/** A line is covered if a statement that begins on it was run. */
function fromIstanbulFiles(report: Table): Measured | undefined {
  const files = Object.values(report).filter(
    (entry) => isTable(entry) && isTable(entry.statementMap) && isTable(entry.s),
  );
  if (files.length === 0) return undefined;
  return { tool: 'istanbul', ...sum(files.map((file) => linesOfStatements(table(file)))) };
}

function linesOfStatements(file: Table): Map<number, boolean> {
  const hits = table(file.s);
  const lines = new Map<number, boolean>();
  for (const [key, statement] of Object.entries(table(file.statementMap))) {
    const line = count(table(table(statement).start).line);
    if (line === undefined) continue;
    lines.set(line, (count(hits[key]) ?? 0) > 0 || lines.get(line) === true);
  }
  return lines;
}

function sum(files: Iterable<Map<number, boolean>>): { covered: number; total: number } {
  let covered = 0;
  let total = 0;
  for (const lines of files) {
    total += lines.size;
    for (const isCovered of lines.values()) if (isCovered) covered++;
  }
  return { covered, total };
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function table(value: unknown): Table {
  return isTable(value) ? value : {};
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
