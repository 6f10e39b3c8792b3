import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openEngine } from './engine.ts';
import { ensureImage } from './images.ts';

/** An engine that goes away in the middle of a pull, which the real one can't be made to do. */
async function dyingEngine(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'borgos-images-'));
  const server = createServer(({ url = '' }, response) => {
    response.setHeader('Content-Type', 'application/json');
    if (url.endsWith('/version')) return response.end('{"Version":"28.0.0","ApiVersion":"1.48"}');
    if (url.endsWith('/info')) return response.end('{"NCPU":1,"MemTotal":1}');
    if (!url.includes('/images/create')) return response.writeHead(404).end('{"message":"none"}');
    response.write('{"status":"Pulling fs layer","id":"a"}\n');
    return setImmediate(() => response.destroy());
  }).listen(join(folder, 'engine.sock'));
  onTestFinished(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  await once(server, 'listening');
  return join(folder, 'engine.sock');
}

test('a pull whose engine goes away says so, and not that the image is missing', async () => {
  const engine = await openEngine(await dyingEngine());
  const pulled = ensureImage(engine, 'node:24', () => {}, AbortSignal.timeout(5_000));
  await expect(pulled).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' });
});
