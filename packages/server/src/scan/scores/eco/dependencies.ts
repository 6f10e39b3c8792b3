import { basename } from 'node:path/posix';
import { type Check, lin, notApplicable, scored, seen, shareOf } from '../check.ts';
import { counted, listed, numeral, percentage } from '../wording.ts';

const leanHead = { id: 'lean_dependencies', title: 'Few dependencies', max: 20 };
const duplicateHead = { id: 'duplicate_versions', title: 'One version of each package', max: 5 };

/** Of log2(1 + direct dependencies): all is earned up to 7 of them, nothing from 255 on. */
const few = 3;
const many = 8;

/**
 * Each package counts once, in however many manifests it is; what is only for building and testing
 * does not count, as it is not shipped.
 */
export const leanDependencies: Check = ({ manifests }) => {
  if (manifests.length === 0) {
    return notApplicable(leanHead, 'There is no manifest that would name dependencies.');
  }
  const direct = new Set<string>();
  const byFile = manifests.map(({ file, ecosystem, dependencies }) => {
    const shipped = dependencies.filter(({ development }) => !development);
    for (const { name } of shipped) direct.add(`${ecosystem} ${name}`);
    return { file, count: shipped.length };
  });
  return scored(leanHead, {
    part: 1 - lin(Math.log2(1 + direct.size), few, many),
    evidence: byFile
      .sort((a, b) => b.count - a.count)
      .map(({ file, count }) =>
        seen(file, counted(count, 'direct dependency', 'direct dependencies')),
      ),
    why: `${counted(direct.size, 'direct dependency', 'direct dependencies')} ${direct.size === 1 ? 'is' : 'are'} shipped; up to ${2 ** few - 1} earn all, ${2 ** many - 1} and more nothing.`,
    fix: `Drop ${numeral(Math.max(1, direct.size - 2 ** few + 1))} of them: those that the language’s own library does, that overlap, or that nothing imports.`,
  });
};

/** Shares of what is locked that is one more version of a package. */
const fine = 0.02;
const worst = 0.25;

export const duplicateVersions: Check = ({ locks }) => {
  const filled = locks.filter(({ packages }) => packages.length > 0);
  if (filled.length === 0)
    return notApplicable(duplicateHead, 'No lock file says what is installed.');
  let installed = 0;
  let surplus = 0;
  const duplicates: { file: string; name: string; versions: string[] }[] = [];
  for (const { file, packages } of filled) {
    const versions = new Map<string, Set<string>>();
    for (const { name, version } of packages) {
      const known = versions.get(name) ?? new Set();
      // Go builds one version of each module; its go.sum also lists what was only looked at.
      if (known.size === 0 || basename(file) !== 'go.sum') known.add(version);
      versions.set(name, known);
    }
    for (const [name, { size }] of versions) {
      installed += size;
      surplus += size - 1;
      if (size > 1) duplicates.push({ file, name, versions: [...(versions.get(name) ?? [])] });
    }
  }
  duplicates.sort((a, b) => b.versions.length - a.versions.length);
  const share = shareOf(surplus, installed);
  return scored(duplicateHead, {
    part: 1 - lin(share, fine, worst),
    evidence: duplicates.map(({ file, name, versions }) =>
      seen(file, `${name}: ${listed(versions, 5)}`),
    ),
    why:
      surplus === 0
        ? `Each of the ${counted(installed, 'locked package')} has one version.`
        : `${numeral(surplus)} of ${counted(installed, 'locked version')} (${percentage(share)}) are further versions of a package that is there already; up to ${percentage(fine)} earn all.`,
    fix: `Bring ${listed(duplicates.map(({ name }) => name))} to one version each, with dedupe or an update of what asks for the older one.`,
  });
};
