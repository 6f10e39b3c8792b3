import { basename, dirname } from 'node:path/posix';
import { type Check, notApplicable, scored, seen, shareOf } from '../check.ts';
import type { Ecosystem, ManifestFact, ScanFacts } from '../scan-facts.ts';
import { counted, listed } from '../wording.ts';

const lockHead = { id: 'lockfile', title: 'Dependencies are locked', max: 5 };
const pinHead = { id: 'unpinned', title: 'No dependency of any version', max: 3 };

/**
 * The locks of the ecosystems that have them by custom. In Maven and NuGet a manifest names exact
 * versions, so that what is missing there is nothing.
 */
const lockNames: Partial<Record<Ecosystem, readonly string[]>> = {
  npm: [
    'package-lock.json',
    'npm-shrinkwrap.json',
    'yarn.lock',
    'pnpm-lock.yaml',
    'bun.lock',
    'bun.lockb',
    'deno.lock',
  ],
  pypi: [
    'uv.lock',
    'poetry.lock',
    'Pipfile.lock',
    'pdm.lock',
    'pylock.toml',
    'conda-lock.yml',
    'pixi.lock',
  ],
  go: ['go.sum'],
  cargo: ['Cargo.lock'],
  composer: ['composer.lock'],
  rubygems: ['Gemfile.lock', 'gems.locked'],
  pub: ['pubspec.lock'],
  hex: ['mix.lock', 'rebar.lock', 'manifest.toml'],
  swift: ['Package.resolved'],
  cocoapods: ['Podfile.lock'],
};

export const lockfile: Check = (facts) => {
  const wanting = facts.manifests.filter(
    ({ ecosystem, dependencies, is_library }) =>
      !is_library && dependencies.length > 0 && lockNames[ecosystem] !== undefined,
  );
  if (wanting.length === 0) {
    return notApplicable(
      lockHead,
      facts.manifests.some(({ is_library }) => is_library)
        ? 'A library leaves the versions to those who use it.'
        : 'No manifest has dependencies that are locked by custom.',
    );
  }
  const present = new Set([
    ...facts.files.map(({ path }) => path),
    ...facts.locks.map(({ file }) => file),
  ]);
  const judged = wanting.map((manifest) => ({ manifest, lock: lockOf(manifest, facts, present) }));
  const unlocked = judged.filter(({ lock }) => lock === undefined).map(({ manifest }) => manifest);
  return scored(lockHead, {
    part: 1 - shareOf(unlocked.length, judged.length),
    evidence: [
      ...unlocked.map(({ file }) => seen(file, 'no lock file')),
      ...judged.flatMap(({ manifest, lock }) =>
        lock ? [seen(lock, `locks ${manifest.file}`)] : [],
      ),
    ],
    why:
      unlocked.length === 0
        ? `The versions of ${counted(judged.length, 'manifest')} are locked.`
        : `${counted(unlocked.length, 'manifest')} of ${judged.length} ${unlocked.length === 1 ? 'has' : 'have'} no lock file, so that each install may differ.`,
    fix: unlocked[0]
      ? `Commit ${lockNames[unlocked[0].ecosystem]?.[0] ?? 'a lock file'} for ${listed(unlocked.map(({ file }) => file))}.`
      : 'Commit a lock file.',
  });
};

/** In the manifest's folder or, of a workspace, in one above it. */
function lockOf(
  { file, ecosystem, dependencies }: ManifestFact,
  { texts }: ScanFacts,
  present: ReadonlySet<string>,
): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    for (const name of lockNames[ecosystem] ?? []) {
      const path = folder === '.' ? name : `${folder}/${name}`;
      if (present.has(path)) return path;
    }
    if (folder === '.' || folder === '/') break;
  }
  // A requirements.txt with nothing but exact versions is what pip-compile and `pip freeze` write.
  const exact = /^={2,3}\s*[^*\s]+$/;
  const isLock =
    /^requirements[\w.-]*\.txt$/.test(basename(file)) &&
    (dependencies.every(({ requirement }) => exact.test(requirement?.trim() ?? '')) ||
      /--hash=/.test(texts.get(file) ?? ''));
  return isLock ? file : undefined;
}

/** Where something is unpinned, the rest being pinned earns at most half. */
const mostWithUnpinned = 0.5;

export const unpinned: Check = ({ manifests }) => {
  const all = manifests.flatMap(({ file, dependencies }) =>
    dependencies.map((dependency) => ({ file, ...dependency })),
  );
  if (all.length === 0) return notApplicable(pinHead, 'No manifest names dependencies.');
  const loose = all.filter(({ unpinned }) => unpinned);
  return scored(pinHead, {
    part:
      loose.length === 0 ? 1 : Math.min(mostWithUnpinned, 1 - shareOf(loose.length, all.length)),
    evidence: loose.map(({ file, name, requirement }) =>
      seen(file, `${name} ${requirement || '(no version)'}`),
    ),
    why:
      loose.length === 0
        ? `All ${counted(all.length, 'direct dependency', 'direct dependencies')} name the versions they may have.`
        : `${counted(loose.length, 'direct dependency', 'direct dependencies')} of ${all.length} may have any version.`,
    fix: `Name a range of versions for ${listed(loose.map(({ name }) => name))}.`,
  });
};
