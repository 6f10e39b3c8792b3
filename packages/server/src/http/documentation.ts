import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { createGunzip } from 'node:zlib';
import type { DocumentationPart } from './documentation-worker.ts';
import type { HttpServer } from './server.ts';

const documentPath = '/api/v1/openapi.json';
const scriptPath = '/docs/scalar.js';
const makeTimeoutMs = 30_000;

/** The page's script styles by attributes and draws with data URLs; it gets nothing from outside. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const scalarConfiguration = {
  url: documentPath,
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
};

/** Adds the OpenAPI document, the page at `/docs` that shows it, and the schema of `borgos.json`. */
export function serveDocumentation(http: HttpServer, version: string): void {
  const page = pageOf(version);
  http.fastify.get('/docs', async (_request, reply) => {
    reply.headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy,
      'referrer-policy': 'no-referrer',
    });
    return page;
  });
  servePart(
    http,
    documentPath,
    { part: 'document', version },
    {
      'content-type': 'application/json; charset=utf-8',
    },
  );
  servePart(
    http,
    '/api/v1/borgos.schema.json',
    { part: 'borgosJson' },
    { 'content-type': 'application/schema+json; charset=utf-8' },
  );
  servePart(
    http,
    scriptPath,
    { part: 'script' },
    {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'max-age=86400',
    },
  );
}

/** Adds a route for what a worker makes when it is first asked for. */
function servePart(
  { fastify }: HttpServer,
  path: string,
  part: DocumentationPart,
  headers: Record<string, string>,
): void {
  let made: Promise<Buffer> | undefined;
  fastify.get(path, async (request, reply) => {
    made ??= make(part).catch((error) => {
      // The next request tries again.
      made = undefined;
      throw error;
    });
    const compressed = await made;
    reply.headers({ ...headers, vary: 'Accept-Encoding' });
    if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
      reply.header('content-encoding', 'gzip');
      return compressed;
    }
    return reply.send(Readable.from([compressed]).pipe(createGunzip()));
  });
}

function pageOf(version: string): string {
  const configuration = JSON.stringify(scalarConfiguration).replaceAll('"', '&quot;');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>BorgOS API</title>
<link rel="icon" href="data:,">
</head>
<body>
<noscript>This page needs JavaScript. The document it shows is at <a href="${documentPath}">${documentPath}</a>.</noscript>
<script id="api-reference" data-url="${documentPath}" data-configuration="${configuration}"></script>
<script src="${scriptPath}?v=${encodeURIComponent(version)}"></script>
</body>
</html>
`;
}

/** @returns the part, compressed by gzip */
function make(part: DocumentationPart): Promise<Buffer> {
  const extension = extname(import.meta.filename);
  const worker = new Worker(new URL(`./documentation-worker${extension}`, import.meta.url), {
    workerData: part,
  });
  return new Promise<Buffer>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`the ${part.part} of /docs was not made within ${makeTimeoutMs} ms`));
    }, makeTimeoutMs);
    worker.once('message', (bytes: Uint8Array) => resolve(Buffer.from(bytes)));
    worker.once('error', reject);
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(new Error(`the worker that makes the ${part.part} of /docs ended without it`));
    });
  }).finally(() => worker.terminate());
}
