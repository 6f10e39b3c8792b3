import { AgentFailure } from '../../agents/adapter.ts';

/** What one answer may be. Agent Zero cuts its own texts, so that only a broken one gets there. */
const mostBytes = 32 * 1_048_576;

/** @throws AgentFailure OUTPUT_TOO_LARGE */
export async function readAnswer(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBytes) {
      const reason = `Agent Zero answered with more than ${mostBytes / 1_048_576} MiB`;
      throw new AgentFailure('OUTPUT_TOO_LARGE', reason);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
