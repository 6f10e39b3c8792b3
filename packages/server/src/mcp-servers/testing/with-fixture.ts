import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { TestApp } from '../../testing/test-app.ts';
import type { Behaviour } from './fixture-server.ts';

const program = path.join(import.meta.dirname, 'fixture-program.ts');

/** Starts the fixture, which behaves as that file says. */
export const fixtureCommand = (file: string) => [process.execPath, program, file];

/** A file that says how a fixture behaves, until the test ends. */
export async function behaviourFile() {
  const folder = await mkdtemp(path.join(tmpdir(), 'borgos-fixture-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'behaviour.json');
  const behave = (behaviour: Behaviour) => writeFile(file, JSON.stringify(behaviour));
  await behave({});
  return { file, behave };
}

/** The fixture as a program that is added, is on, and whose tools are known; the named ones are on. */
export async function addFixture(
  { client }: TestApp,
  name: string,
  {
    on = [],
    readOnly = [],
    ...fields
  }: {
    on?: string[];
    readOnly?: string[];
    environment?: Record<string, string>;
  } = {},
) {
  const { file, behave } = await behaviourFile();
  const { id } = await client.mcpServers.create({
    name,
    command: fixtureCommand(file),
    is_enabled: true,
    ...fields,
  });
  onTestFinished(async () => {
    // Some tests have removed it themselves.
    await client.mcpServers.delete({ id }).catch(() => {});
  });
  await client.mcpServers.refresh({ id });
  for (const tool of on) {
    await client.mcpServers.updateTool({
      id,
      name: `${name}__${tool}`,
      is_enabled: true,
      is_read_only: readOnly.includes(tool),
    });
  }
  return { id, behave };
}
