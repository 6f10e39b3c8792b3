import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { createGunzip } from 'node:zlib';
import type { Endpoint } from '@borgos/contracts/endpoint';
import { openApiDocument } from '@borgos/contracts/openapi';
import type { HttpServer } from './server.ts';

const documentPath = '/api/v1/openapi.json';
const scriptPath = '/docs/scalar.js';
const loadTimeoutMs = 30_000;

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

/** Adds the OpenAPI document, and the page at `/docs` that shows it. */
export function serveDocumentation(
  http: HttpServer,
  api: Record<string, Record<string, Endpoint>>,
  version: string,
): void {
  const document = JSON.stringify(openApiDocument(api, { version }));
  const page = pageOf(version);
  let script: Promise<Buffer> | undefined;

  http.fastify.get(documentPath, async (_request, reply) => {
    reply.header('content-type', 'application/json; charset=utf-8');
    return document;
  });
  http.fastify.get('/docs', async (_request, reply) => {
    reply.headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy,
      'referrer-policy': 'no-referrer',
    });
    return page;
  });
  http.fastify.get(scriptPath, async (request, reply) => {
    script ??= loadScript().catch((error) => {
      // The next request tries again.
      script = undefined;
      throw error;
    });
    const compressed = await script;
    reply.headers({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'max-age=86400',
      vary: 'Accept-Encoding',
    });
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

/** @returns the script of the page, compressed by gzip */
function loadScript(): Promise<Buffer> {
  const extension = extname(import.meta.filename);
  const worker = new Worker(new URL(`./scalar-script${extension}`, import.meta.url));
  return new Promise<Buffer>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`the script of /docs was not made within ${loadTimeoutMs} ms`));
    }, loadTimeoutMs);
    worker.once('message', (bytes: Uint8Array) => resolve(Buffer.from(bytes)));
    worker.once('error', reject);
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(new Error('the worker that makes the script of /docs ended without it'));
    });
  }).finally(() => worker.terminate());
}
