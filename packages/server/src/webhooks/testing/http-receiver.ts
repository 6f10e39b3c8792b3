import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  /** When it came, in milliseconds since 1970. */
  at: number;
  /** `webhook-id`. */
  id: string;
  headers: Record<string, string>;
  body: string;
}

export interface HttpReceiver {
  url: string;
  received: Received[];
  /** How many waited for an answer at the same time at most. */
  readonly mostAtOnce: number;
  close(): Promise<void>;
}

/** What is answered; without a status nothing is, until it closes. */
export type Answer = (received: Received, response: ServerResponse) => number | undefined;

/** A receiver of webhooks on loopback, that answers 200 if not told otherwise. */
export async function startHttpReceiver(answer: Answer = () => 200): Promise<HttpReceiver> {
  const received: Received[] = [];
  let waiting = 0;
  let mostAtOnce = 0;
  const server = createServer(async (request, response) => {
    waiting += 1;
    mostAtOnce = Math.max(mostAtOnce, waiting);
    response.on('close', () => {
      waiting -= 1;
    });
    const one = await readAll(request);
    received.push(one);
    const status = answer(one, response);
    if (status !== undefined) response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    get mostAtOnce() {
      return mostAtOnce;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readAll(request: IncomingMessage): Promise<Received> {
  const at = Date.now();
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  return {
    at,
    id: headers['webhook-id'] ?? '',
    headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}
