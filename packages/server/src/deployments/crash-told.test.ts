import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerForTests } from '../testing/docker-for-tests.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { makeDeploying } from './testing/deploying.ts';

const docker = await dockerForTests();

describe.for(docker.available ? (['process', 'docker'] as const) : (['process'] as const))(
  'a crash in the %s runtime',
  { timeout: 60_000 },
  (runtime) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startTestApp({ settings: { runtime } });
    });
    afterAll(() => app.close());

    test('is told once, and before the app is started again', async () => {
      await using shop = await makeDeploying(app, {});
      const { id, port } = await shop.release({
        'package.json': JSON.stringify({ name: 'shop', main: 'server.js' }),
        'server.js': `
          require('node:http').createServer((request, response) => {
            response.end('up');
            if (request.url === '/crash') setTimeout(() => process.exit(9));
          }).listen(process.env.PORT, process.env.HOST);`,
      });
      for (const count of [1, 2, 3]) {
        // It runs before it listens, and until then the proxy answers for it.
        await waitFor('the app to crash', async () => {
          const answer = await fetch(`http://localhost:${port}/crash`);
          return (await answer.text()) === 'up';
        });
        await waitFor('the crash to be counted', async () => {
          return (await app.client.deployments.get({ id })).restarts === count;
        });
        await app.until(id, 'running');
      }
      const crashes = (await app.client.deployments.restarts({ id })).data;
      expect(crashes).toMatchObject([3, 2, 1].map((restarts) => ({ restarts, exit_code: 9 })));
      // After half a second Docker has started it again: a busy machine may have seen it up only.
      if (runtime === 'docker') return;
      const told = (await app.eventsOf(id)).flatMap(({ type, data }) => {
        if (type === 'deployment_crashed') return ['crashed'];
        return type === 'deployment_status' ? [(data as { status: string }).status] : [];
      });
      expect(told.slice(-3)).toEqual(['crashed', 'unhealthy', 'running']);
    });
  },
);
