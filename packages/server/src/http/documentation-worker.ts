import { promisify } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { gzip } from 'node:zlib';

export type DocumentationPart =
  | { part: 'document'; version: string }
  | { part: 'borgosJson' }
  | { part: 'script' };

// A worker, as each part blocks its thread for 50 to 200 ms and is made once: it makes the one that
// it is asked for, sends it compressed, and ends. What a part needs is loaded for that part only.
const wanted: DocumentationPart = workerData;
const bytes = await make(wanted);
parentPort?.postMessage(await promisify(gzip)(bytes));

async function make(part: DocumentationPart): Promise<string | Buffer> {
  if (part.part === 'script') return readScript();
  return part.part === 'document' ? makeDocument(part.version) : makeSchema();
}

async function makeSchema(): Promise<string> {
  const { borgosJsonSchema } = await import('@borgos/contracts/borgos-json');
  return JSON.stringify(borgosJsonSchema());
}

async function makeDocument(version: string): Promise<string> {
  const { api } = await import('@borgos/contracts');
  const { openApiDocument } = await import('@borgos/contracts/openapi');
  return JSON.stringify(openApiDocument(api, { version }));
}

async function readScript(): Promise<Buffer> {
  const { default: fastify } = await import('fastify');
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const instance = fastify();
  await instance.register(scalar, { routePrefix: '/', configuration: { url: 'unused' } });
  const { rawPayload } = await instance.inject('/js/scalar.js');
  await instance.close();
  return rawPayload;
}
