import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeApp } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { makeDeploying } from './testing/deploying.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

test('each crash is told once, and before the app is started again', {
  timeout: 60_000,
}, async () => {
  await using shop = await makeDeploying(app, {});
  const { id, port } = await shop.release({
    ...nodeApp(''),
    'server.js': `
      require('node:http').createServer((request, response) => {
        response.end('up');
        if (request.url === '/crash') setTimeout(() => process.exit(9));
      }).listen(process.env.PORT, process.env.HOST);`,
  });
  const crashes = async () => (await app.client.deployments.restarts({ id })).data;
  for (const count of [1, 2, 3]) {
    await fetch(`http://localhost:${port}/crash`);
    await waitFor('the crash to be told', async () => (await crashes()).length === count);
    // The third is followed by a pause of seconds, in which it is told.
    if (count === 3)
      expect(await app.client.deployments.get({ id })).toMatchObject({ restarts: 2 });
    await app.until(id, 'running');
    const { restarts } = await waitFor('the restart', async () => {
      const now = await app.client.deployments.get({ id });
      return now.restarts === count && now;
    });
    expect(restarts).toBe(count);
  }
  expect((await crashes()).map(({ restarts }) => restarts)).toEqual([3, 2, 1]);
});
