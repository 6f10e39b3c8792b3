import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../testing/free-port.ts';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

/** Calls the API while it is built, and again whenever it is asked to; tells what it was answered. */
function callingApp(url: string): Record<string, string> {
  return {
    'package.json': JSON.stringify({
      name: 'calling',
      main: 'server.js',
      scripts: { build: 'node build.js' },
    }),
    'call.js': `
      module.exports = async (method = 'GET') => {
        const body = method === 'POST' ? JSON.stringify({ name: 'mine', path: '/' }) : undefined;
        const headers = { 'content-type': 'application/json' };
        const response = await fetch('${url}/api/v1/projects', { method, body, headers });
        return { status: response.status, body: await response.json() };
      };
      if (require.main === module) module.exports().then((answer) => console.log(JSON.stringify(answer)));
    `,
    'build.js': `
      const call = require('./call.js');
      call().then((answer) => require('node:fs').writeFileSync('built.json', JSON.stringify(answer)));
    `,
    'server.js': `
      const { execFile } = require('node:child_process');
      const { readFileSync } = require('node:fs');
      const call = require('./call.js');
      const answers = {
        '/': async () => 'hello',
        '/read': () => call(),
        '/write': () => call('POST'),
        '/build': async () => JSON.parse(readFileSync('built.json', 'utf8')),
        '/child': () => new Promise((resolve, reject) => {
          execFile(process.execPath, ['call.js'], { env: {} }, (error, stdout) => {
            if (error) reject(error);
            else resolve(JSON.parse(stdout));
          });
        }),
      };
      require('node:http').createServer((request, response) => {
        answers[request.url]().then(
          (answer) => response.end(JSON.stringify(answer)),
          (error) => response.end(JSON.stringify({ error: String(error) })),
        );
      }).listen(process.env.PORT, process.env.HOST);
    `,
  };
}

describe('what is deployed as a process', { timeout: 60_000 }, () => {
  let app: TestApp;
  let folder: Awaited<ReturnType<typeof makeProjectFolder>>;
  let id: number;
  let deployed: string;
  beforeAll(async () => {
    app = await startTestApp({ settings: { runtime: 'process' } });
    folder = await makeProjectFolder(callingApp(app.url));
    const { id: project_id } = await app.client.projects.create({ name: 'A', path: folder.path });
    const port = await freePort();
    const accepted = await app.client.deployments.deploy({ project_id, name: 'prod', port });
    if (!('id' in accepted)) throw new Error('a plan was answered');
    id = accepted.id;
    expect(await app.until(id, 'running', 'failed')).toMatchObject({ status: 'running' });
    deployed = `http://localhost:${port}`;
  }, 60_000);
  afterAll(async () => {
    await app.client.deployments.delete({ id });
    await waitFor('its end', async () => (await app.app.runtime.list()).length === 0);
    await app.close();
    await folder[Symbol.asyncDispose]();
  });

  test.each([
    ['reads', '/read'],
    ['writes', '/write'],
    ['calls from a child without its environment', '/child'],
    ['called while it was built', '/build'],
  ])('is nobody without a token when it %s', async (_what, path) => {
    const answer = await (await fetch(`${deployed}${path}`)).json();
    expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
  });

  test('does not keep the user of this machine from being trusted', async () => {
    const { status, body } = await app.request('GET', '/api/v1/projects');
    expect(status).toBe(200);
    expect(body.map(({ name }: { name: string }) => name)).toEqual(['A']);
  });
});
