import { findArtefacts } from '../artefacts.ts';
import { findBinaryFiles } from '../binary-files.ts';
import { type Check, lin, mostEvidence, notApplicable, scored, seen, shareOf } from '../check.ts';
import { bytes, counted, listed, percentage } from '../wording.ts';

const artefactHead = { id: 'tracked_artefacts', title: 'Nothing built is tracked', max: 15 };
const binaryHead = { id: 'binary_weight', title: 'Few binary files', max: 10 };

const mebibyte = 1_048_576;

/** From this share of the tracked bytes on nothing is earned; any artefact costs a quarter. */
const worst = 0.25;
const mostWithArtefacts = 0.75;

export const trackedArtefacts: Check = ({ files, git }) => {
  if (!git) {
    return notApplicable(artefactHead, 'It is in no git repository, so that nothing is tracked.');
  }
  const tracked = files.filter((file) => file.tracked === true);
  if (tracked.length === 0) return notApplicable(artefactHead, 'No file is tracked.');
  const artefacts = findArtefacts(files).sort((a, b) => b.size - a.size);
  const size = weigh(artefacts);
  const share = shareOf(size, weigh(tracked));
  return scored(artefactHead, {
    part: artefacts.length === 0 ? 1 : Math.min(mostWithArtefacts, 1 - lin(share, 0, worst)),
    evidence: artefacts.slice(0, mostEvidence).map((file) => seen(file.path, bytes(file.size))),
    why:
      artefacts.length === 0
        ? `None of the ${counted(tracked.length, 'tracked file')} was made by a program.`
        : `${counted(artefacts.length, 'tracked file')} with ${bytes(size)} (${percentage(share)} of all) ${artefacts.length === 1 ? 'was' : 'were'} made by programs, and every clone downloads them.`,
    fix: `Name them in .gitignore, and take them out of git with git rm --cached: ${listed(artefacts.map(({ path }) => path))}.`,
  });
};

/** Doublings of 1 MiB: all is earned up to 1 MiB, nothing from 64 MiB on. */
const heaviest = 6;

export const binaryWeight: Check = (facts) => {
  if (facts.files.length === 0) return notApplicable(binaryHead, 'There are no files.');
  const binaries = findBinaryFiles(facts).sort((a, b) => b.size - a.size);
  const size = weigh(binaries);
  return scored(binaryHead, {
    part: 1 - lin(Math.log2(Math.max(1, size / mebibyte)), 0, heaviest),
    evidence: binaries.slice(0, mostEvidence).map((file) => seen(file.path, bytes(file.size))),
    why: `${counted(binaries.length, 'binary file')} ${binaries.length === 1 ? 'weighs' : 'weigh'} ${bytes(size)}; up to 1 MiB earns all, ${2 ** heaviest} MiB and more nothing.`,
    fix: `Compress the largest, keep them in Git LFS or a store for files, or drop them: ${listed(binaries.map(({ path }) => path))}.`,
  });
};

function weigh(files: readonly { size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
