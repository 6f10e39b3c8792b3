import path from 'node:path';
import { isBroken, type Manifest } from '../manifests/manifest.ts';
import { readManifest } from '../manifests/read-manifest.ts';
import { at, textsOf } from '../manifests/table.ts';
import { readRegularFile } from '../walk/read-regular-file.ts';

const mostManifests = 20;
const mostBytes = 5 * 1_048_576;

export interface Declarations {
  /** What the first manifest that has a name calls the project. */
  name: string | undefined;
  /** Patterns of workspaces, as written. */
  workspaces: string[];
}

/**
 * What the manifests of a project say of it; those that are broken or cannot be read say nothing.
 *
 * @param manifests names of files in the folder, the most telling first
 * @param onWork called before each file, may throw to end what takes too long
 */
export function readDeclarations(
  folder: string,
  manifests: readonly string[],
  onWork: () => void,
): Declarations {
  const declared: Declarations = { name: undefined, workspaces: [] };
  for (const name of manifests.slice(0, mostManifests)) {
    onWork();
    const content = contentOf(path.join(folder, name));
    if (!content) continue;
    if (name.toLowerCase() === 'lerna.json') {
      declared.workspaces.push(...lernaPackages(content));
      continue;
    }
    const manifest = readManifest(name, content);
    if (!manifest || isBroken(manifest)) continue;
    declared.name ??= nameOf(manifest);
    declared.workspaces.push(...manifest.workspaces);
  }
  return declared;
}

function contentOf(file: string): Buffer | undefined {
  try {
    return readRegularFile(file, mostBytes);
  } catch {
    return undefined;
  }
}

/** Without `packages`, lerna goes by the workspaces of the package manager. */
function lernaPackages(content: Buffer): string[] {
  try {
    return textsOf(at(JSON.parse(content.toString()), 'packages'));
  } catch {
    return [];
  }
}

/** A module of Go is called after where it lies, such as github.com/acme/shop/v2. */
function nameOf({ ecosystem, name }: Manifest): string | undefined {
  if (ecosystem !== 'go' || !name) return name ?? undefined;
  return name
    .replace(/\/v\d+$/, '')
    .split('/')
    .at(-1);
}
