import { z } from 'zod';
import { parseTomlManifest } from './manifest.ts';
import type { ProjectFiles } from './project-files.ts';

const versions = z.union([z.string(), z.array(z.string()), z.object({ version: z.string() })]);
const mise = z
  .object({ tools: z.record(z.string(), versions.catch('')).catch({}) })
  .catch({ tools: {} });

/** The version of a tool in `.tool-versions` (asdf) or `mise.toml`, as it stands there. */
export async function findToolVersion(
  project: ProjectFiles,
  tool: 'node' | 'python',
): Promise<string | undefined> {
  const names = tool === 'node' ? ['node', 'nodejs'] : ['python'];
  for (const line of ((await project.read('.tool-versions')) ?? '').split('\n')) {
    const [name = '', version] = line.trim().split(/\s+/, 2);
    if (names.includes(name) && version) return version;
  }
  const text = await project.read('mise.toml');
  if (text === undefined) return undefined;
  const { tools } = parseTomlManifest('mise.toml', text, mise);
  const name = names.find((candidate) => Object.hasOwn(tools, candidate));
  const found = name === undefined ? undefined : tools[name];
  return typeof found === 'string' ? found : Array.isArray(found) ? found[0] : found?.version;
}
