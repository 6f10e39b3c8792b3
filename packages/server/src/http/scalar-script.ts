import { promisify } from 'node:util';
import { parentPort } from 'node:worker_threads';
import { gzip } from 'node:zlib';
import scalar from '@scalar/fastify-api-reference';
import fastify from 'fastify';

// A worker: only loading the library blocks its thread for 200 ms, and the 5 MB that it holds are
// needed once. It sends the browser's script, compressed, and ends.
const instance = fastify();
await instance.register(scalar, { routePrefix: '/', configuration: { url: 'unused' } });
const { rawPayload } = await instance.inject('/js/scalar.js');
await instance.close();
parentPort?.postMessage(await promisify(gzip)(rawPayload));
