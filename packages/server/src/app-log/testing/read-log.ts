import { createAppLogs } from '../app-logs.ts';
import type { LogLine } from '../log-line.ts';

/** All lines of a log as it is on disk. */
export async function linesOf(directory: string): Promise<LogLine[]> {
  const logs = createAppLogs();
  const { start, end } = await logs.bounds(directory);
  return (await logs.read(directory, start, end - start)).lines;
}

/** What was printed, without the heads. */
export async function textOf(directory: string): Promise<string> {
  const lines = await linesOf(directory);
  return lines.map(({ content, isEnded }) => `${content}${isEnded ? '\n' : ''}`).join('');
}
