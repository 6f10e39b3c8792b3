import type { MergedCoverage } from './coverage/merge-coverage.ts';
import type { LanguageTally } from './lines/tally.ts';
import { manifestExtras } from './manifest-extras.ts';
import { type Dependency, isBroken, type Manifest } from './manifests/manifest.ts';
import type { ProjectReading } from './read-project.ts';
import { isTestFile } from './scores/is-test-file.ts';
import type {
  DependencyFact,
  Ecosystem,
  LockFact,
  ManifestFact,
  ScanFacts,
} from './scores/scan-facts.ts';

const longFileLines = 500;
const mostExamples = 20;
const mostFaults = 2_000;
/** Secrets and conflicts come first, as the list may be cut. */
const faultOrder = ['secret', 'conflict', 'manifest', 'syntax'];

interface Summed extends ProjectReading {
  languages: readonly LanguageTally[];
  coverage: MergedCoverage | null;
  texts: ReadonlyMap<string, string>;
}

/** What was read of a project, as the scores want it. */
export function factsOf(reading: Summed): ScanFacts {
  const { walk, files, git, tracked, languages, coverage, texts, deployments } = reading;
  const entries = [...files];
  const unread = new Map(reading.unreadable.map(({ path, size }) => [path, size]));
  const code = entries.filter(([, { kind }]) => kind === 'programming');
  const manifests = entries.flatMap(([, { manifest }]) =>
    manifest && !isBroken(manifest) ? manifest : [],
  );
  const own = new Set(manifests.flatMap(({ name }) => name ?? []));
  const todos = code.flatMap(([file, { todoLines }]) => todoLines.map((line) => ({ file, line })));
  return {
    files: walk.paths.map((path) => ({
      path,
      size: files.get(path)?.size ?? unread.get(path) ?? 0,
      ...(tracked && { tracked: tracked.has(path) }),
    })),
    languages,
    parsed_files: entries.filter(([, { isParsed }]) => isParsed).length,
    bad_files: entries.filter(([, { isParsed, faults }]) => isParsed && isBad(faults)).length,
    faults: faultsOf(entries),
    test_files: code
      .filter(([path, { hasTests }]) => hasTests || isTestFile(path))
      .map(([path]) => path),
    coverage: coverage && { percent: coverage.percent, file: coverage.files[0] ?? '' },
    manifests: manifests
      .filter(({ kind, ecosystem }) => kind === 'manifest' && ecosystem !== 'docker')
      .map((manifest) => manifestFact(manifest, own, texts)),
    locks: manifests.filter(({ kind }) => kind === 'lock').map(lockFact),
    git: git && {
      commit: git.commit,
      committed_at: git.committed_at === null ? null : new Date(git.committed_at),
      active_weeks: git.active_weeks ?? 0,
      is_dirty: git.is_dirty ?? false,
    },
    vulnerabilities: null,
    todos: {
      count: code.reduce((sum, [, { todoCount }]) => sum + todoCount, 0),
      examples: todos.slice(0, mostExamples),
    },
    long_files: code.flatMap(([path, { isGenerated, lines }]) =>
      !isGenerated && lines && lines.code > longFileLines ? { path, lines: lines.code } : [],
    ),
    texts,
    deployments,
  };
}

function isBad(faults: readonly { type: string; severity: string }[]): boolean {
  return faults.some(
    ({ type, severity }) => (type === 'syntax' || type === 'conflict') && severity === 'error',
  );
}

function faultsOf(entries: [string, { faults: readonly ScanFault[] }][]): ScanFacts['faults'] {
  return entries
    .flatMap(([file, { faults }]) => faults.map((fault) => ({ ...fault, file })))
    .sort((a, b) => faultOrder.indexOf(a.type) - faultOrder.indexOf(b.type))
    .slice(0, mostFaults);
}

type ScanFault = Omit<ScanFacts['faults'][number], 'file'>;

function manifestFact(
  manifest: Manifest,
  own: ReadonlySet<string>,
  texts: ReadonlyMap<string, string>,
): ManifestFact {
  return {
    file: manifest.file,
    ecosystem: ecosystemOf(manifest),
    dependencies: manifest.direct.filter(({ name }) => !own.has(name)).map(dependencyFact),
    is_library: manifest.isLibrary ?? false,
    ...manifestExtras(manifest.file, texts.get(manifest.file)),
  };
}

function dependencyFact({ name, range, unpinned, scope }: Dependency): DependencyFact {
  return { name, requirement: range || null, unpinned, development: scope === 'development' };
}

function lockFact(manifest: Manifest): LockFact {
  return {
    file: manifest.file,
    ecosystem: ecosystemOf(manifest),
    packages: manifest.file.endsWith('go.sum') ? [] : manifest.locked,
  };
}

function ecosystemOf({ ecosystem }: Manifest): Ecosystem {
  if (ecosystem === 'conda') return 'pypi';
  if (ecosystem === 'deno') return 'npm';
  return ecosystem === 'docker' ? 'other' : ecosystem;
}
