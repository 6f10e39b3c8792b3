import { addOutput } from '../add-output.ts';
import type { AppLogs } from '../app-logs.ts';
import { createLineBatch } from '../line-batch.ts';
import type { LineStream } from '../log-line.ts';

export interface PrintOptions {
  stream?: LineStream;
  revision?: number;
  generation?: number;
}

/** Prints as an app does: what does not end with a newline is a line that goes on. */
export async function print(
  logs: AppLogs,
  directory: string,
  text: string | Buffer,
  { stream = 'stdout', revision = 1, generation = 1 }: PrintOptions = {},
): Promise<void> {
  const writer = await logs.writer(directory);
  const position = writer.positionOf(generation);
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; ) {
    const batch = createLineBatch({ revision, generation });
    const at = `${Date.now()}000000`;
    const piece = bytes.subarray(from, from + 256 * 1024);
    from += addOutput(batch, position, piece, { stream, at, takeRest: true });
    await writer.append(batch, position);
  }
}
