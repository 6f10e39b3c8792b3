import path from 'node:path';
import { type Project, projectType } from '@borgos/contracts/projects';
import { decodeText } from '../lines/decode-text.ts';
import { at, isTable, textsOf } from '../manifests/table.ts';
import { readRegularFile, reasonOf } from '../walk/read-regular-file.ts';
import { asProjectName } from './project-name.ts';

/** What Zenith Coder has written about a folder: hints, since it may be old and of elsewhere. */
export interface ReportedProject {
  /** Relative to the root, with slashes; never empty, absolute or leading out. */
  relative: string;
  name: string | null;
  tech_stack: string[];
  /** `null` also where the report says what BorgOS has no word for. */
  project_type: Project['project_type'];
}

export interface InventoryReport {
  projects: ReportedProject[];
  /** Why some of it, or all, is ignored: the first 100 reasons. */
  ignored: IgnoredHint[];
}

export interface IgnoredHint {
  /** The file, or the entry in it as it names itself. */
  what: string;
  reason: string;
}

export const reportName = 'project_inventory_report.json';

const mostBytes = 5 * 1_048_576;
const mostProjects = 10_000;
const mostTechnologies = 50;
const mostIgnored = 100;
const longestPath = 4_096;

/** Reads the report in a root; an empty one where there is none. Never throws. */
export function readInventoryReport(root: string): InventoryReport {
  const report: InventoryReport = { projects: [], ignored: [] };
  let list: unknown;
  try {
    const content = readRegularFile(path.join(root, reportName), mostBytes);
    if (!content) return report;
    list = at(JSON.parse(decodeText(content).toString()), 'projects');
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'it is not valid JSON' : reasonOf(error);
    addIgnored(report.ignored, { what: reportName, reason });
    return report;
  }
  if (!Array.isArray(list)) {
    addIgnored(report.ignored, { what: reportName, reason: 'it has no list "projects"' });
    return report;
  }
  if (list.length > mostProjects) {
    const reason = `it names more than ${mostProjects} projects: the rest is left out`;
    addIgnored(report.ignored, { what: reportName, reason });
  }
  const seen = new Set<string>();
  for (const [index, entry] of list.slice(0, mostProjects).entries()) {
    const { project, reason } = readEntry(entry);
    if (project && !seen.has(project.relative)) {
      seen.add(project.relative);
      report.projects.push(project);
    } else {
      const why = reason ?? 'its relative_path was there before';
      addIgnored(report.ignored, { what: labelOf(entry, index), reason: why });
    }
  }
  return report;
}

export function addIgnored(ignored: IgnoredHint[], hint: IgnoredHint): void {
  if (ignored.length < mostIgnored) ignored.push(hint);
}

function readEntry(entry: unknown): { project?: ReportedProject; reason?: string } {
  if (!isTable(entry)) return { reason: 'it is not an object' };
  const where = at(entry, 'relative_path');
  if (typeof where !== 'string') return { reason: 'its relative_path is not text' };
  const reason = faultOfPath(where);
  if (reason) return { reason };
  const name = at(entry, 'name');
  return {
    project: {
      relative: path.posix.normalize(where).replace(/\/$/, ''),
      name: (typeof name === 'string' && asProjectName(name)) || null,
      tech_stack: technologiesOf(at(entry, 'tech_stack')),
      project_type: typeOf(at(entry, 'project_type')),
    },
  };
}

function faultOfPath(where: string): string | undefined {
  if (where.length > longestPath) return 'its relative_path is too long';
  if (/[\p{Cc}\p{Cs}]/u.test(where)) return 'its relative_path has control characters';
  if (path.posix.isAbsolute(where)) return 'its relative_path is absolute';
  if (where.split('/').includes('..')) return 'its relative_path leads out of the folder';
  if (path.posix.normalize(where).replace(/\/$/, '') === '.') {
    return 'its relative_path is the folder itself';
  }
  return undefined;
}

/** As the API takes them: in lower case, short, without commas. */
function technologiesOf(value: unknown): string[] {
  const found = new Set<string>();
  for (const text of textsOf(value)) {
    const name = text.slice(0, 200).trim().toLowerCase();
    const isName = name.length > 0 && name.length <= 50 && !/[,\p{Cc}\p{Cs}]/u.test(name);
    if (isName) found.add(name);
    if (found.size === mostTechnologies) break;
  }
  return [...found];
}

function typeOf(value: unknown): Project['project_type'] {
  const text = typeof value === 'string' && value.length < 50 ? value.trim().toLowerCase() : '';
  return projectType.safeParse(text).data ?? null;
}

function labelOf(entry: unknown, index: number): string {
  const name = at(entry, 'name') ?? at(entry, 'relative_path');
  const text = typeof name === 'string' ? asProjectName(name) : undefined;
  return text ?? `entry ${index + 1}`;
}
