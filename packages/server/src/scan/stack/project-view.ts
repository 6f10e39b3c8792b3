import { dirname } from 'node:path/posix';
import { isBroken, type Manifest } from '../manifests/manifest.ts';
import type { StackInput } from './stack-input.ts';

/** What lies in these is about something beside the project: examples, tests, what others wrote. */
const ASIDE = new Set(
  'example examples sample samples demo demos test tests __tests__ spec fixtures __fixtures__ testdata test-data benchmark benchmarks bench e2e docs doc website node_modules vendor third_party third-party thirdparty external templates-src boilerplate'.split(
    ' ',
  ),
);

export interface ProjectView {
  /** Those that are about the project itself, the nearest to its root first. */
  readonly files: readonly string[];
  readonly names: ReadonlySet<string>;
  readonly manifests: readonly Manifest[];
  /** Manifests at the root, or at the least depth that there is. */
  readonly top: readonly Manifest[];
  readonly languages: StackInput['languages'];
  /** As text, 64 KB of it; empty where it cannot be read. */
  readonly read: (path: string) => string;
}

const MAX_TEXT = 64 * 1024;
/** Files that are opened in all: a stack is told by names, contents only confirm it. */
const MAX_READS = 60;

export function viewProject({ files, manifests, languages, read }: StackInput): ProjectView {
  const own = byDepth(files.filter((path) => !isAside(path)));
  const whole = manifests.filter((manifest) => !isBroken(manifest)) as Manifest[];
  const inside = whole.filter(({ file }) => !isAside(file));
  // A project that is nothing but examples is told by those.
  const used = byDepth(inside.length > 0 ? inside : whole, ({ file }) => file);
  const depth = Math.min(...used.filter(isPackage).map(({ file }) => depthOf(file)));
  let reads = 0;
  return {
    files: own,
    names: new Set(own),
    manifests: used,
    top: used.filter((manifest) => isPackage(manifest) && depthOf(manifest.file) === depth),
    languages,
    read: (path) => {
      if (reads >= MAX_READS) return '';
      reads++;
      return read(path)?.subarray(0, MAX_TEXT).toString('utf8') ?? '';
    },
  };
}

function isPackage({ kind, ecosystem }: Manifest): boolean {
  return kind === 'manifest' && ecosystem !== 'docker';
}

export function depthOf(path: string): number {
  return path.split('/').length;
}

function isAside(path: string): boolean {
  const folder = dirname(path);
  return folder !== '.' && folder.split('/').some((name) => ASIDE.has(name.toLowerCase()));
}

function byDepth<T>(list: readonly T[], pathOf: (item: T) => string = String): T[] {
  return list
    .map((item) => ({ item, path: pathOf(item) }))
    .map((entry) => ({ ...entry, depth: depthOf(entry.path) }))
    .sort((a, b) => a.depth - b.depth || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    .map(({ item }) => item);
}
