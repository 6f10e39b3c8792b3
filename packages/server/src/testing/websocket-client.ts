import { onTestFinished } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { waitFor } from './wait-for.ts';

/** Any message: tests look into it, and a wrong path in it fails their expectations. */
// biome-ignore lint/suspicious/noExplicitAny: see above
type Message = any;

/** A client of `/ws` that keeps what it was told; closed when the test ends. */
export interface WebSocketClient {
  ws: WebSocket;
  messages: Message[];
  send(message: object | string): void;
  /** Waits for the first message of that type after the ones that were returned before. */
  next(type: string): Promise<Message>;
  /** Sends it, and waits for its answer. */
  ask(message: object): Promise<Message>;
  /** The `seq` of each event, as they came. */
  seqs(): number[];
  closed: Promise<{ code: number; reason: string }>;
}

/** @param url of the server, or the whole one of the WebSocket */
export async function openWebSocket(
  url: string,
  { protocols, ...options }: ClientOptions & { protocols?: string[] } = {},
): Promise<WebSocketClient> {
  const address = url.startsWith('ws') ? url : `${url.replace(/^http/, 'ws')}/ws`;
  const ws = new WebSocket(address, protocols ?? [], options);
  onTestFinished(() => ws.terminate());
  const messages: Message[] = [];
  let seen = 0;
  let asked = 0;
  ws.on('message', (data) => messages.push(JSON.parse(String(data))));
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  await new Promise<void>((resolve, reject) => {
    ws.once('open', () => resolve());
    ws.once('error', reject);
  });
  // After the handshake an error is followed by the close.
  ws.on('error', () => {});

  const client: WebSocketClient = {
    ws,
    messages,
    closed,
    send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: (type) =>
      waitFor(`a message ${type}`, async () => {
        const index = messages.findIndex(
          (message, index) => index >= seen && message.type === type,
        );
        if (index < 0) return undefined;
        seen = index + 1;
        return messages[index];
      }),
    async ask(message) {
      asked += 1;
      const request_id = `ask ${asked}`;
      client.send({ ...message, request_id });
      return waitFor(`the answer to ${JSON.stringify(message)}`, async () =>
        messages.find((answer) => answer.request_id === request_id),
      );
    },
    seqs: () => messages.flatMap(({ seq }) => seq ?? []),
  };
  return client;
}

/** @returns the answer of a server that refuses to open one */
export function refusedWebSocket(
  url: string,
  { protocols, ...options }: ClientOptions & { protocols?: string[] } = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: Message }> {
  const address = url.startsWith('ws') ? url : `${url.replace(/^http/, 'ws')}/ws`;
  const ws = new WebSocket(address, protocols ?? [], options);
  onTestFinished(() => ws.terminate());
  return new Promise((resolve, reject) => {
    ws.once('open', () => reject(new Error('it was opened')));
    ws.on('error', reject);
    ws.once('unexpected-response', (_request, response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: JSON.parse(text) });
      });
    });
  });
}
