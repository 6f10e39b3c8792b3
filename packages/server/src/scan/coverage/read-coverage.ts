import { decodeText } from '../lines/decode-text.ts';
import type { Coverage, Measured } from './coverage.ts';
import { readJsonCoverage } from './read-json-coverage.ts';
import { readGoProfile, readLcov } from './read-line-coverage.ts';
import { readXmlCoverage } from './read-xml-coverage.ts';

const MAX_REPORT = 50 * 1024 * 1024;
/** Later than any second, earlier than any millisecond of a report. */
const SECONDS_END = 100_000_000_000;

/**
 * What a report on coverage says, whatever its name: the content tells what it is. `null` for one
 * that is none, is broken, has nothing to cover, or is larger than 50 MB. `modified`: when the file
 * was written, for the formats that have no date. Never throws.
 */
export function readCoverage(path: string, content: Buffer, modified?: Date): Coverage | null {
  if (content.length > MAX_REPORT) return null;
  const measured = measure(decodeText(content).toString('utf8'));
  if (!measured) return null;
  const { covered, total } = measured;
  const counted = covered !== undefined && total !== undefined;
  if (counted && total === 0) return null;
  const percent = counted ? (100 * covered) / total : measured.percent;
  if (percent === undefined || percent > 100) return null;
  return {
    file: path,
    tool: measured.tool,
    percent: Math.round(percent * 100) / 100,
    lines_covered: counted ? covered : null,
    lines_total: counted ? total : null,
    date: dateOf(measured.time) ?? dateOf(modified?.getTime()) ?? null,
  };
}

function measure(text: string): Measured | undefined {
  const start = /\S/.exec(text)?.[0];
  if (start === '<') return readXmlCoverage(text);
  if (start === '{') return readJsonCoverage(text);
  return readGoProfile(text) ?? readLcov(text);
}

function dateOf(time: number | undefined): string | undefined {
  if (time === undefined || !(time > 0)) return undefined;
  const date = new Date(time < SECONDS_END ? time * 1000 : time);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
