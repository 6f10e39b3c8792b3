import path from 'node:path';
import type { AppLogs } from '../app-log/app-logs.ts';
import { shownLog } from './log-reader.ts';
import { appSource, buildSource, type LogSource } from './log-source.ts';
import type { Redactor } from './redact.ts';
import { textOf } from './shown-lines.ts';

/** More would not help a person. */
const mostBytes = 8 * 1024;
const mostCharacters = 4 * 1024;

/** Where a deployment's files are, under BORGOS_HOME. */
export interface LogFiles {
  directory(deploymentId: number): string;
  /** A directory: see `AppLogs`. */
  app(deploymentId: number): string;
  build(deploymentId: number, revision: number): string;
}

export function logFiles(home: string): LogFiles {
  const directory = (id: number) => path.join(home, 'deployments', String(id));
  return {
    directory,
    app: (id) => path.join(directory(id), 'app-log'),
    build: (id, revision) => path.join(directory(id), `build-r${revision}.log`),
  };
}

/** The last lines of a build's output, for a message. */
export function lastBuildLines(file: string, count: number, redactor: Redactor): Promise<string> {
  return lastLines(buildSource(file, 0, 0), 0, count, redactor);
}

/** The last lines of what an app printed behind the offset `start`, for a message. */
export function lastAppLines(
  { logs, files }: { logs: AppLogs; files: LogFiles },
  deploymentId: number,
  { start, count }: { start: number; count: number },
  redactor: Redactor,
): Promise<string> {
  return lastLines(appSource(logs, files.app(deploymentId)), start, count, redactor);
}

async function lastLines(
  source: LogSource,
  start: number,
  count: number,
  redactor: Redactor,
): Promise<string> {
  const { end } = await source.bounds();
  const log = shownLog(0, source, async () => redactor);
  const { entries } = await log.readBack(end, mostBytes);
  const text = textOf(entries.filter(({ offset }) => offset >= start));
  return text.trimEnd().split('\n').slice(-count).join('\n').slice(-mostCharacters).toWellFormed();
}
