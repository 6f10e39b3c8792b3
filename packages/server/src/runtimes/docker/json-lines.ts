import type { Readable } from 'node:stream';
import { z } from 'zod';

/** Longer than any line of an engine; without a bound a broken stream could fill the memory. */
const maximumLine = 8 * 1024 * 1024;

/** One message of a build's or a pull's progress. */
const progressSchema = z.object({
  stream: z.string().optional(),
  status: z.string().optional(),
  id: z.string().optional(),
  progressDetail: z
    .object({ current: z.number().optional(), total: z.number().optional() })
    .nullish(),
  error: z.string().optional(),
  errorDetail: z.object({ code: z.number().optional(), message: z.string().optional() }).optional(),
});

export type Progress = z.infer<typeof progressSchema>;

/** The messages of a build or a pull, as they come. */
export async function* readProgress(stream: NodeJS.ReadableStream): AsyncGenerator<Progress> {
  for await (const line of readJsonLines(stream)) {
    const parsed = progressSchema.safeParse(line);
    if (parsed.success) yield parsed.data;
  }
}

/** Each line of the stream, parsed. Throws when a line is no JSON or longer than 8 MiB. */
export async function* readJsonLines(
  stream: NodeJS.ReadableStream | Readable,
): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maximumLine) throw new Error('a line of the engine is longer than 8 MiB');
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
  if (rest.trim() !== '') yield JSON.parse(rest);
}
