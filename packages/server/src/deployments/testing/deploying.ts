import { makeProjectFolder } from '../../testing/project-folder.ts';
import type { TestApp } from '../../testing/test-app.ts';

type Deploy = Parameters<TestApp['client']['deployments']['deploy']>[0];

/** A project with a folder of its own, and its one deployment; others are deleted with it. */
export async function makeDeploying(app: TestApp, files: Record<string, string>) {
  const folder = await makeProjectFolder(files);
  const project = await app.client.projects.create({ name: 'Shop', path: folder.path });
  let deployment = 0;

  async function deploy(body: Partial<Deploy> = {}): Promise<number> {
    const input = { project_id: project.id, name: 'prod', ...body };
    const answer = await app.client.deployments.deploy(input);
    if (!('id' in answer)) throw new Error('the answer is a plan');
    deployment = answer.id;
    return deployment;
  }

  return {
    folder,
    deploy,
    /** Deploys what the folder then has, and waits for the release to come to its end. */
    async release(files: Record<string, string>, body: Partial<Deploy> = {}) {
      await folder.write(files);
      const id = await deploy(body);
      return app.until(id, 'running', 'failed');
    },
    /** Newest first. */
    async revisions() {
      return (await app.client.deployments.revisions({ id: deployment })).data;
    },
    async [Symbol.asyncDispose]() {
      const { data } = await app.client.deployments.list({ project_id: project.id });
      for (const { id } of data) await app.client.deployments.delete({ id });
      await folder[Symbol.asyncDispose]();
    },
  };
}
