import { findArtefacts } from '../artefacts.ts';
import { type Check, lin, notApplicable, scored, seen, shareOf } from '../check.ts';
import { counted } from '../wording.ts';

const head = { id: 'hygiene', title: 'Only sources are tracked', max: 5 };

/** What a .gitignore is worth; the rest is for tracking nothing that it should name. */
const ignoreFile = 0.4;
/** From this share of the tracked files on nothing is left; any at all costs half. */
const worst = 0.05;
const mostWithArtefacts = 0.5;

export const hygiene: Check = ({ files, git }) => {
  if (!git) return notApplicable(head, 'It is in no git repository, so that nothing is tracked.');
  const tracked = files.filter((file) => file.tracked === true).length;
  const artefacts = findArtefacts(files);
  const ignores = files.find(({ path, size }) => path === '.gitignore' && size > 0);
  const clean =
    artefacts.length === 0
      ? 1
      : Math.min(mostWithArtefacts, 1 - lin(shareOf(artefacts.length, tracked), 0, worst));
  const steps = [
    ...(ignores ? [] : ['add a .gitignore that names what is built and installed']),
    ...(artefacts.length > 0
      ? [
          `take ${counted(artefacts.length, 'file')} that programs made out of git with git rm --cached`,
        ]
      : []),
  ].join(', and ');
  return scored(head, {
    part: (ignores ? ignoreFile : 0) + (1 - ignoreFile) * clean,
    evidence: [
      ...artefacts.map(({ path }) => seen(path, 'made by a program, and tracked')),
      ...(ignores ? [seen('.gitignore', 'says what is not tracked')] : []),
    ],
    why: `There is ${ignores ? 'a' : 'no'} .gitignore, and ${counted(artefacts.length, 'file')} made by programs ${artefacts.length === 1 ? 'is' : 'are'} tracked.`,
    fix: `${steps.charAt(0).toUpperCase()}${steps.slice(1)}.`,
  });
};
