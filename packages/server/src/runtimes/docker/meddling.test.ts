import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerForTests } from '../../testing/docker-for-tests.ts';
import { makeProjectFolder, nodeApp } from '../../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../../testing/test-app.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { findDocker } from './engine.ts';

const { available } = await dockerForTests();

describe.skipIf(!available)(
  'what somebody does to a container by hand',
  { timeout: 60_000 },
  () => {
    let app: TestApp;
    let docker: Docker;
    let folder: Awaited<ReturnType<typeof makeProjectFolder>>;
    let id: number;
    beforeAll(async () => {
      const found = await findDocker();
      docker = new Docker(found.ok ? { socketPath: found.socketPath } : {});
      app = await startTestApp({ settings: { runtime: 'docker' } });
      folder = await makeProjectFolder(nodeApp('here'));
      const project = await app.client.projects.create({ name: 'Shop', path: folder.path });
      const accepted = await app.client.deployments.deploy({ project_id: project.id });
      id = 'id' in accepted ? accepted.id : 0;
      await serving();
    });
    afterAll(async () => {
      await app.client.deployments.delete({ id });
      await app.close();
      await folder[Symbol.asyncDispose]();
    });

    const get = () => app.client.deployments.get({ id });
    async function container() {
      const { container_id } = await get();
      return docker.getContainer(container_id ?? '');
    }

    function serving() {
      return waitFor('the app to serve', async () => {
        const { status, stage, port } = await get();
        if (status !== 'running' || stage !== null) return false;
        const answer = await fetch(`http://localhost:${port}`).catch(() => undefined);
        return (await answer?.text()) === 'here';
      });
    }

    async function changed(before: string | undefined) {
      await waitFor('another container', async () => {
        const { container_id } = await get();
        return container_id !== null && !before?.startsWith(container_id);
      });
      await serving();
    }

    test.each(['remove', 'stop', 'kill'] as const)('%s: it is started again', async (how) => {
      const own = await container();
      const { Id, State: before } = await own.inspect();
      if (how === 'remove') await own.remove({ force: true });
      if (how === 'stop') await own.stop();
      if (how === 'kill') await own.kill();
      if (how !== 'kill') return changed(Id);
      await waitFor('it to be started again', async () => {
        const state = await (await container()).inspect().catch(() => undefined);
        return state?.State.Running && state.State.StartedAt !== before.StartedAt;
      });
      await serving();
    });

    test('pause: it is shown, and over when it goes on or the deployment is restarted', async () => {
      const paused = () =>
        waitFor('it to be shown', async () => (await get()).status === 'unhealthy');
      await (await container()).pause();
      await paused();
      expect((await get()).status_reason).toContain('docker unpause');
      await (await container()).unpause();
      await serving();
      expect((await get()).status_reason).toBeNull();
      const own = await container();
      const { Id } = await own.inspect();
      await own.pause();
      await paused();
      await app.client.deployments.restart({ id });
      await changed(Id);
    });

    test('rename: it goes on, and is still known as what it is when it is replaced', async () => {
      const own = await container();
      const { Id } = await own.inspect();
      await own.rename({ name: `renamed-${Id.slice(0, 12)}` });
      expect((await get()).status).toBe('running');
      await app.client.deployments.restart({ id });
      await changed(Id);
      await waitFor('the renamed one to be gone', async () => {
        return own.inspect().then(
          () => false,
          () => true,
        );
      });
    });
  },
);
