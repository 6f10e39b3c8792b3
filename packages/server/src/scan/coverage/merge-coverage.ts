import { basename, dirname } from 'node:path/posix';
import type { Coverage } from './coverage.ts';

/** Folders of which all reports are about one run, written in several formats. */
const REPORT_FOLDER = /^(?:coverage|cover|htmlcov|logs|\.nyc_output)$/;

/** All reports of a project together. */
export interface MergedCoverage {
  readonly percent: number;
  readonly lines_covered: number | null;
  readonly lines_total: number | null;
  /** The newest of their dates. */
  readonly date: string | null;
  readonly tools: readonly string[];
  /** The reports that count. */
  readonly files: readonly string[];
}

/**
 * Reports on different parts of a project, weighted by lines. Of those about the same part, in one
 * folder by one tool or in a folder for one run, only the newest counts; a report over all modules
 * comes before those over each. One without a count of lines counts only if none has one. `null` for
 * an empty list.
 */
export function mergeCoverage(list: readonly Coverage[]): MergedCoverage | null {
  const chosen = newestOfEach(withoutParts(list));
  const counted = chosen.filter((report) => report.lines_total !== null);
  const used = counted.length > 0 ? counted : chosen;
  if (used.length === 0) return null;
  const covered = used.reduce((sum, report) => sum + (report.lines_covered ?? 0), 0);
  const total = used.reduce((sum, report) => sum + (report.lines_total ?? 0), 0);
  const percent =
    total > 0
      ? (100 * covered) / total
      : used.reduce((sum, report) => sum + report.percent, 0) / used.length;
  const dates = used.flatMap(({ date }) => date ?? []).sort();
  return {
    percent: Math.round(percent * 100) / 100,
    lines_covered: total > 0 ? covered : null,
    lines_total: total > 0 ? total : null,
    date: dates.at(-1) ?? null,
    tools: [...new Set(used.map(({ tool }) => tool))].sort(),
    files: used.map(({ file }) => file).sort(),
  };
}

function withoutParts(list: readonly Coverage[]): readonly Coverage[] {
  const aggregate = list.filter(({ file }) => file.includes('/jacoco-aggregate/'));
  return aggregate.length === 0
    ? list
    : list.filter((report) => report.tool !== 'jacoco' || aggregate.includes(report));
}

function newestOfEach(list: readonly Coverage[]): Coverage[] {
  const found = new Map<string, Coverage>();
  for (const report of list) {
    const key = partOf(report);
    const known = found.get(key);
    if (!known || isBetter(report, known)) found.set(key, report);
  }
  return [...found.values()];
}

function partOf({ file, tool }: Coverage): string {
  const folder = dirname(file);
  return REPORT_FOLDER.test(basename(folder)) ? folder : `${folder} ${tool}`;
}

/** With counts, then newer, then by name: the same list gives the same result in any order. */
function isBetter(report: Coverage, than: Coverage): boolean {
  const isCounted = report.lines_total !== null;
  if (isCounted !== (than.lines_total !== null)) return isCounted;
  const [date = '', other = ''] = [report.date ?? '', than.date ?? ''];
  return date === other ? report.file < than.file : date > other;
}
