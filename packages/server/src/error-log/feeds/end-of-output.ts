import type { LogLine } from '../../app-log/log-line.ts';
import type { OutputLog } from '../../deployments/deployments.ts';

/** More would not help a person, and a log may have endless lines. */
const mostBytes = 64 * 1024;
const mostCharacters = 8 * 1024;

/**
 * The last lines of a log, without what was cut off at their beginning; '' when there is none.
 * @param redact is given whole lines: the rest of a secret would not be known as one
 */
export async function endOfOutput(
  log: Pick<OutputLog, 'bounds' | 'readBack'>,
  mostLines: number,
  redact: (text: string) => Promise<string>,
): Promise<string> {
  const { start, end } = await log.bounds();
  const read = await log.readBack(end, mostBytes);
  const lines = read.offset > start ? withoutRests(read.lines) : read.lines;
  const text = lines.map(({ content, isEnded }) => `${content}${isEnded ? '\n' : ''}`).join('');
  const redacted = await redact(text);
  const last = redacted.trimEnd().split('\n').slice(-mostLines);
  return last.join('\n').slice(-mostCharacters).toWellFormed();
}

/** Of each stream, from its first line that is known to be one from its beginning. */
function withoutRests(lines: LogLine[]): LogLine[] {
  const begun = new Set<string>();
  return lines.filter(({ stream, generation, isEnded }) => {
    const key = `${generation}${stream}`;
    const isKnown = begun.has(key);
    if (isEnded) begun.add(key);
    return isKnown;
  });
}
