import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openProcessTable } from '../runtimes/process/process-table.ts';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { startServerProcess } from '../testing/server-process.ts';
import { waitFor } from '../testing/wait-for.ts';
import { behaviourFile, fixtureCommand } from './testing/with-fixture.ts';

test('programs of a server that was killed are ended by the next one, which has the tools still', {
  timeout: 120_000,
}, async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-crash-'));
  const database = await cloneDatabase();
  onTestFinished(async () => {
    await database.drop();
    await rm(home, { recursive: true, force: true });
  });
  const start = () =>
    startServerProcess({
      BORGOS_HOME: home,
      BORGOS_RUNTIME: 'process',
      DATABASE_URL: database.databaseUrl,
    });
  const { file } = await behaviourFile();
  const running = async () => {
    const marked = await openProcessTable().marked('BORGOS_MCP_SERVER');
    return marked.filter(({ value }) => value === mark).map(({ pid }) => pid);
  };
  let mark = '';
  let server = await start();
  const command = fixtureCommand(file);
  const { id } = await server.client.mcpServers.create({ name: 'kept', command, is_enabled: true });
  await server.client.mcpServers.refresh({ id });
  await server.client.mcpServers.updateTool({ id, name: 'kept__leave_child', is_enabled: true });
  const ask = () => server.client.mcp.query({ query: 'run kept__leave_child', allow_write: true });
  const child = Number((await ask()).result);
  const all = await openProcessTable().marked('BORGOS_MCP_SERVER');
  mark = all.find(({ pid }) => pid === child)?.value ?? '';
  const before = await running();
  expect(before).toHaveLength(2);
  await server.end('SIGKILL');

  server = await start();
  await waitFor('what was left to be gone', async () => (await running()).length === 0);
  const again = Number((await ask()).result);
  expect(before).not.toContain(again);
  expect(await running()).toContain(again);
  await server.end('SIGTERM');
  await waitFor('all to have ended with BorgOS', async () => (await running()).length === 0);
});
