import { createServer, type IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { onTestFinished } from 'vitest';
import { fixtureServer } from './fixture-server.ts';

/** The fixture over Streamable HTTP, with the headers of each request; `/moved` redirects to it. */
export async function startFixtureHttp(
  behaviourFile: string,
): Promise<{ url: string; asked: IncomingHttpHeaders[] }> {
  const asked: IncomingHttpHeaders[] = [];
  const handler = createMcpHandler(() => fixtureServer(behaviourFile));
  const server = createServer(async (request, response) => {
    asked.push(request.headers);
    if (request.url === '/moved') {
      response.writeHead(307, { location: '/mcp' }).end();
      return;
    }
    const chunks: Buffer[] = await request.toArray();
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
    const answer = await handler.fetch(
      new Request(`http://localhost${request.url}`, {
        method: request.method ?? 'POST',
        headers,
        ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      }),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    // fetch's own types differ from Node's.
    if (answer.body) Readable.fromWeb(answer.body as never).pipe(response);
    else response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await handler.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}/mcp`, asked };
}
