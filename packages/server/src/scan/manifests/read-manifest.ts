import { decodeText } from '../lines/decode-text.ts';
import { type Draft, MAX_DEPENDENCIES } from './draft.ts';
import type { BrokenManifest, Dependency, Manifest } from './manifest.ts';
import { ManifestFault } from './manifest-fault.ts';
import { type ManifestKind, manifestKindOf } from './manifest-kinds.ts';

const MAX_LOCK = 20 * 1024 * 1024;
const MAX_MANIFEST = 5 * 1024 * 1024;
const MAX_NAMES = 1_000;
const MAX_NAME = 300;
const MAX_RANGE = 200;

/** Whether `readManifest` has something to say about a file with this path. */
export function isManifestFile(path: string): boolean {
  return manifestKindOf(path) !== undefined;
}

/**
 * What a manifest or lock asks for and got. `path` has slashes and is only looked at for its name.
 * `null` for a file that is neither. Never throws and executes nothing: a broken one tells what is
 * wrong and where. Manifests of at most 5 MB and locks of 20 MB are read.
 */
export function readManifest(path: string, content: Buffer): Manifest | BrokenManifest | null {
  const kind = manifestKindOf(path);
  if (!kind) return null;
  const broken = (error: string, line: number | null = null): BrokenManifest => ({
    ecosystem: kind.ecosystem,
    file: path,
    error,
    line,
  });
  const limit = kind.kind === 'lock' ? MAX_LOCK : MAX_MANIFEST;
  if (content.length > limit) return broken(`is larger than ${limit / 1024 / 1024} MB`);
  try {
    return finished(path, kind, kind.read(decodeText(content).toString('utf8'), path));
  } catch (error) {
    if (error instanceof ManifestFault) return broken(error.message, error.line);
    if (error instanceof RangeError) return broken('is nested too deeply');
    throw error;
  }
}

function finished(file: string, kind: ManifestKind, draft: Draft): Manifest {
  return {
    ecosystem: kind.ecosystem,
    file,
    kind: draft.kind ?? kind.kind,
    name: names(draft.name ? [draft.name] : [])[0] ?? null,
    version: draft.version?.slice(0, MAX_RANGE) || null,
    direct: dependencies(draft.direct ?? []),
    locked: (draft.locked ?? []).filter(({ name, version }) => isName(name) && isName(version)),
    scripts: names(draft.scripts),
    workspaces: names(draft.workspaces),
    commands: names(draft.commands),
    plugins: names(draft.plugins),
    ...(draft.isLibrary === undefined ? {} : { isLibrary: draft.isLibrary }),
    packageManager: draft.packageManager ?? null,
    ...(draft.engines ? { engines: draft.engines } : {}),
  };
}

function dependencies(direct: readonly Dependency[]): Dependency[] {
  const found = new Map<string, Dependency>();
  for (const one of direct) {
    const key = `${one.scope} ${one.name}`;
    if (found.size >= MAX_DEPENDENCIES) break;
    if (isName(one.name) && !found.has(key)) {
      found.set(key, { ...one, range: withoutCredentials(one.range).slice(0, MAX_RANGE) });
    }
  }
  return [...found.values()];
}

/** A token for a private registry or repository may stand in an address. */
function withoutCredentials(range: string): string {
  const address = range.includes('://') ? (range.split('?', 1)[0] ?? '') : range;
  return address.slice(0, 2 * MAX_NAME).replace(/\/\/[^/\s]*@/g, '//');
}

function names(list: readonly string[] = []): string[] {
  return [...new Set(list.filter(isName))].slice(0, MAX_NAMES);
}

function isName(text: string): boolean {
  return text.length > 0 && text.length <= MAX_NAME && !/\p{Cc}/u.test(text);
}
