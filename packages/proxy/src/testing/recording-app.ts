import { createServer, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { startTarget, type TestTarget } from './targets.ts';

export interface RecordingApp extends TestTarget {
  /** What a strict HTTP parser made of what arrived: `POST /a 4` with a body of 4 bytes. */
  requests: string[];
  /** What arrived and is no HTTP. */
  faults: string[];
  /** All that arrived, one character a byte. */
  raw(): string;
}

/** A real HTTP backend that judges what reaches it, and answers `ok`, until the test ends. */
export async function startRecordingApp(): Promise<RecordingApp> {
  const requests: string[] = [];
  const faults: string[] = [];
  let raw = '';
  const record = async (incoming: IncomingMessage) => {
    let bytes = 0;
    for await (const chunk of incoming) bytes += chunk.length;
    requests.push(`${incoming.method} ${incoming.url} ${bytes}`);
  };
  const server = createServer({ maxHeaderSize: 1024 * 1024 }, (incoming, response) => {
    record(incoming).then(
      () => response.writeHead(200, { 'Content-Length': 2 }).end('ok'),
      () => {},
    );
  });
  server.on('upgrade', (incoming, socket) => {
    requests.push(`upgrade ${incoming.url} ${incoming.headers.upgrade}`);
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A request that the proxy breaks off is none.
    const isCut = ['ECONNRESET', 'HPE_INVALID_EOF_STATE'].includes(error.code ?? '');
    if (!isCut) faults.push(String(error.code));
    socket.destroy();
  });
  server.on('connection', (socket) => {
    socket.on('data', (chunk: Buffer) => {
      raw += chunk.toString('latin1');
    });
  });
  const app = await startTarget(server);
  onTestFinished(app.close);
  return { ...app, requests, faults, raw: () => raw };
}
