import { z } from 'zod';
import { parseTomlManifest } from './manifest.ts';
import type { ProjectFiles } from './project-files.ts';

const versions = z.union([z.string(), z.array(z.string()), z.object({ version: z.string() })]);
const mise = z
  .object({ tools: z.record(z.string(), versions.catch('')).catch({}) })
  .catch({ tools: {} });

const namesOf = {
  node: ['node', 'nodejs'],
  python: ['python'],
  go: ['go', 'golang'],
  rust: ['rust'],
  java: ['java'],
  php: ['php'],
  ruby: ['ruby'],
  dotnet: ['dotnet', 'dotnet-core'],
  bun: ['bun'],
  deno: ['deno'],
};

/**
 * The version in the first of `files` that has one, else in `.tool-versions` or `mise.toml`, as the
 * numbers that it starts with: `1.23.4` of `go1.23.4`; `null` when none says a number.
 */
export async function findPinnedVersion(
  project: ProjectFiles,
  tool: keyof typeof namesOf,
  files: string[],
): Promise<string | null> {
  const pins: (string | undefined)[] = [];
  for (const file of files) pins.push(await project.head(file, 1024));
  pins.push(await findToolVersion(project, tool));
  for (const pin of pins) {
    const version = /^[^\d\n]{0,40}(\d{1,4}(?:\.\d{1,4}){0,2})/.exec(pin?.trim() ?? '')?.[1];
    if (version) return version;
  }
  return null;
}

/** The version of a tool in `.tool-versions` (asdf) or `mise.toml`, as it stands there. */
export async function findToolVersion(
  project: ProjectFiles,
  tool: keyof typeof namesOf,
): Promise<string | undefined> {
  const names = namesOf[tool];
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
