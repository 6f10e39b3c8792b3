import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { makeProjectFolder, nodeApp } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

let borgos: TestApp;
beforeAll(async () => {
  borgos = await startTestApp();
});
afterAll(() => borgos.close());

/** What the protocol calls the versions that clients of last year and of this one speak. */
const eras = { '2025-11-25': {}, '2026-07-28': { versionNegotiation: { mode: 'auto' as const } } };

test.each(Object.entries(eras))(
  'an agent of %s finds, reads, deploys, follows, changes and rolls back an app by tools alone',
  async (version, options) => {
    await using folder = await makeProjectFolder(nodeApp('first'));
    const name = `shop front ${version}`;
    const client = new Client({ name: 'an agent', version: '1' }, options);
    await client.connect(new StreamableHTTPClientTransport(new URL(`${borgos.url}/mcp`)));
    onTestFinished(() => client.close());

    /** What a tool gives; a refusal fails the test. */
    async function use(tool: string, input: Record<string, unknown>) {
      const { structuredContent, isError, content } = await client.callTool({
        name: tool,
        arguments: input,
      });
      if (isError) throw new Error(`${tool}: ${JSON.stringify(content)}`);
      return Object(structuredContent);
    }
    const follow = (id: number, revision: number) =>
      waitFor(`revision ${revision} to run`, async () => {
        const seen = await use('get_deployment', { id });
        return seen.status === 'running' && seen.revision === revision && seen;
      });
    const answer = async (url: string) => (await fetch(url)).text();

    await use('create_project', { name, path: folder.path });
    const found = await use('search_projects', { query: `shop front ${version}`, limit: 1 });
    const [{ id: projectId }] = found.items;
    expect(found.items[0]).toMatchObject({ name, path: folder.path });

    const files = await use('list_files', { id: projectId });
    expect(files.items.map(({ path }: { path: string }) => path)).toContain('server.js');
    const file = await use('read_file', { id: projectId, path: 'server.js' });
    expect(file.content).toContain('response.end("first")');

    const plan = await use('deploy_project', { project_id: projectId, dry_run: true });
    expect(plan.stack).toBeTruthy();
    expect(await use('list_deployments', { project_id: projectId })).toMatchObject({ total: 0 });
    const { id } = await use('deploy_project', { project_id: projectId, name: 'shop' });
    onTestFinished(async () => void (await borgos.client.deployments.delete({ id })));
    const { url } = await follow(id, 1);
    expect(await answer(url)).toBe('first');
    const log = await waitFor('the app to say that it listens', async () => {
      const read = await use('get_deployment_logs', { id });
      return read.content.includes('listening: first') && read;
    });

    await folder.write(nodeApp('second'));
    expect(await use('deploy_project', { project_id: projectId, name: 'shop' })).toMatchObject({
      id,
    });
    await follow(id, 2);
    expect(await answer(url)).toBe('second');
    const revisions = await use('list_revisions', { id });
    expect(revisions.items.map(({ number }: { number: number }) => number)).toEqual([2, 1]);
    expect(log.next_offset).toBeGreaterThan(0);

    const refused = await client.callTool({ name: 'rollback_deployment', arguments: { id } });
    expect(refused.isError).toBe(true);
    expect(await answer(url)).toBe('second');
    await use('rollback_deployment', { id, confirm: true });
    await waitFor('the first release to serve again', async () => (await answer(url)) === 'first');
  },
  60_000,
);
