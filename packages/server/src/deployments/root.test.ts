import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

let app: TestApp;
let folder: Awaited<ReturnType<typeof makeProjectFolder>>;
let project_id: number;
beforeAll(async () => {
  app = await startTestApp();
  folder = await makeProjectFolder({
    ...appIn('apps/web', 'the page'),
    ...appIn('services/api', 'the API'),
  });
  const { id } = await app.client.projects.create({ name: 'several', path: folder.path });
  project_id = id;
});
afterAll(async () => {
  const { data } = await app.client.deployments.list({});
  for (const { id } of data) await app.client.deployments.delete({ id });
  await app.close();
  await folder[Symbol.asyncDispose]();
});

function appIn(place: string, says: string): Record<string, string> {
  return {
    [`${place}/package.json`]: '{"scripts": {"start": "node index.js"}}',
    [`${place}/index.js`]: `require('node:http')
      .createServer((request, response) => response.end('${says}'))
      .listen(process.env.PORT, process.env.HOST);`,
  };
}

const plan = (fields: object) =>
  app.request('POST', '/api/v1/deploy?dry_run=true', { project_id, ...fields });

test('a project with several apps is planned when one of them is named', async () => {
  const { status, body } = await plan({});
  expect(status).toBe(400);
  expect(body).toMatchObject({ code: 'STACK_NOT_FOUND' });
  expect(body.message).toContain('apps/web (node), services/api (node)');
  expect((await plan({ root: 'apps/web' })).body).toMatchObject({ root: 'apps/web', files: 2 });
});

test.each(['../..', '/etc', 'apps/none', 'apps/web/index.js'])(
  'a root must be a folder of the project: not %s',
  async (root) => {
    const { status, body } = await plan({ root });
    expect(status).toBe(400);
    expect(body.message).toContain('no folder inside of the project');
  },
);

test('the app that is named is deployed, again without being named, and another one when it is', async () => {
  const deploy = async (revision: number, root?: string) => {
    const accepted = await app.client.deployments.deploy({ project_id, ...(root && { root }) });
    if (!('id' in accepted)) throw new Error('the answer is a plan');
    const { id } = accepted;
    const { port } = await waitFor(`revision ${revision} to serve`, async () => {
      const deployment = await app.client.deployments.get({ id });
      return deployment.revision === revision && deployment.status === 'running' && deployment;
    });
    return { id, says: await (await fetch(`http://localhost:${port}`)).text() };
  };
  expect((await deploy(1, 'services/api')).says).toBe('the API');
  expect((await deploy(2)).says).toBe('the API');
  const { id, says } = await deploy(3, 'apps/web');
  expect(says).toBe('the page');
  const { data } = await app.client.deployments.revisions({ id });
  const changes = data.map(({ changes }) => changes?.filter(({ setting }) => setting === 'root'));
  expect(changes).toMatchObject([[{ before: 'services/api', after: 'apps/web' }], [], undefined]);
});
