import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type Agent, fetch as fetchWith, Headers } from 'undici';
import { mostMessageBytes } from './limits.ts';

/** Speaks to a server over Streamable HTTP, through a connector that says what may be reached. */
export function createHttpTransport({
  url,
  headers,
  agent,
}: {
  url: string;
  headers: Record<string, string>;
  agent: Agent;
}): StreamableHTTPClientTransport {
  return new StreamableHTTPClientTransport(new URL(url), {
    // Once only: what was sent may have been done.
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1_000,
      maxReconnectionDelay: 1_000,
      reconnectionDelayGrowFactor: 1,
    },
    async fetch(target, init) {
      // A standing stream, for what BorgOS does not need: it reads the list of tools when it calls one.
      if (init?.method === 'GET') return new Response(null, { status: 405 });
      const sent = new Headers(headers);
      for (const [name, value] of new globalThis.Headers(init?.headers)) sent.set(name, value);
      // These types differ from Node's own in nothing that is used here.
      const answer = (await fetchWith(target, {
        ...(init as object),
        headers: sent,
        // What is in the headers is for this address, and this one was judged.
        redirect: 'manual',
        dispatcher: agent,
      })) as unknown as Response;
      if (answer.status >= 300 && answer.status < 400) {
        await answer.body?.cancel();
        throw new Error(`It answered ${answer.status}: redirects are not followed`);
      }
      return bounded(answer);
    },
  });
}

function bounded(answer: Response): Response {
  if (!answer.body) return answer;
  let room = mostMessageBytes;
  const counted = answer.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        room -= chunk.byteLength;
        if (room >= 0) controller.enqueue(chunk);
        else {
          const most = `${mostMessageBytes / 1024 / 1024} MB`;
          controller.error(new Error(`It has answered with more than ${most}`));
        }
      },
    }),
  );
  const { status, statusText, headers } = answer;
  return new Response(counted, { status, statusText, headers });
}
