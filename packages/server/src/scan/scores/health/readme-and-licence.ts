import { dirname } from 'node:path/posix';
import { type Check, lin, scored, seen } from '../check.ts';
import { findReadme } from '../readme.ts';
import { counted, numeral } from '../wording.ts';

const readmeHead = { id: 'readme', title: 'A readme', max: 4 };
const licenceHead = { id: 'licence', title: 'A licence', max: 3 };

/** Characters: enough to say what it is, and how to run it. */
const enough = 400;

export const readme: Check = (facts) => {
  const found = findReadme(facts);
  const length = found?.text.length ?? 0;
  return scored(readmeHead, {
    part: lin(length, 0, enough),
    evidence: found ? [seen(found.file, counted(length, 'character'))] : [],
    why: found
      ? `${found.file} has ${counted(length, 'character')}; ${enough} earn all.`
      : 'There is no readme.',
    fix: found
      ? `Write ${numeral(Math.max(1, enough - length))} more characters into ${found.file}: what it is for, how to install, run and test it.`
      : 'Add a README.md of 400 characters: what it is for, how to install, run and test it.',
  });
};

/** Also of the REUSE kind (`LICENSES/MIT.txt`), and of several (`LICENSE-MIT`). */
const licencePath =
  /^(?:(?:[\w-]+[-_.])?(?:licen[cs]es?|copying|unlicense)(?:[-_.][\w.-]+)?|licen[cs]es\/[^/]+|copyright)$/i;

function isLicence(path: string): boolean {
  return licencePath.test(path) && !/\.(?:[cm]?[jt]sx?|py|go|json|ya?ml|toml|sh)$/i.test(path);
}

/** A licence that a manifest only names says what may be done, but is not its text. */
const onlyNamed = 0.5;

export const licence: Check = ({ files, manifests }) => {
  const texts = files.filter(({ path, size }) => size > 0 && isLicence(path));
  const named = manifests
    .filter(({ license }) => license)
    .sort((a, b) => depthOf(a.file) - depthOf(b.file));
  if (texts.length === 0) {
    return scored(licenceHead, {
      part: named.length > 0 ? onlyNamed : 0,
      evidence: named.map(({ file, license }) => seen(file, license ?? '')),
      why: named[0]
        ? `${named[0].file} names the licence ${named[0].license}, but its text is not there.`
        : 'There is no licence, so that nobody else may use it.',
      fix: 'Add a file LICENSE with the text of the licence.',
    });
  }
  return scored(licenceHead, {
    part: 1,
    evidence: texts.map(({ path }) => seen(path, 'licence')),
    why: `The licence is in ${texts[0]?.path}.`,
    fix: '',
  });
};

function depthOf(path: string): number {
  return dirname(path) === '.' ? 0 : path.split('/').length;
}
