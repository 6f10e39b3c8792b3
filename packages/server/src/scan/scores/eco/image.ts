import { dirname } from 'node:path/posix';
import { type Check, type Evidence, notApplicable, scored, seen, shareOf } from '../check.ts';
import { isDockerfile, isSlim, readStages, shippedBase } from '../dockerfile.ts';
import { belongsToTests } from '../is-test-file.ts';
import type { ScanFacts } from '../scan-facts.ts';
import { counted, listed } from '../wording.ts';

const head = { id: 'image', title: 'A small image', max: 20 };

/** What each is worth. */
const slimBase = 0.4;
const multiStage = 0.3;
const ignoreFile = 0.3;

interface JudgedImage {
  part: number;
  evidence: Evidence[];
  lacks: string[];
}

/** With several Dockerfiles their mean; those of tests and examples are not built to be shipped. */
export const image: Check = (facts) => {
  const paths = facts.files
    .map(({ path }) => path)
    .filter((path) => isDockerfile(path) && !belongsToTests(path) && !/^examples?\//.test(path));
  const images = paths.flatMap((path) => {
    const text = facts.texts.get(path);
    const judged = text === undefined ? undefined : judge(path, text, facts);
    return judged ? [judged] : [];
  });
  if (images.length === 0) {
    return notApplicable(
      head,
      paths.length === 0 ? 'There is no Dockerfile.' : 'No Dockerfile could be read.',
    );
  }
  const lacks = images.flatMap((one) => one.lacks);
  return scored(head, {
    part: shareOf(
      images.reduce((sum, { part }) => sum + part, 0),
      images.length,
    ),
    evidence: images.flatMap(({ evidence }) => evidence),
    why:
      lacks.length === 0
        ? `${counted(images.length, 'Dockerfile')} with a slim base, several stages and a .dockerignore.`
        : `In ${counted(images.length, 'Dockerfile')} something is missing: ${listed(lacks)}.`,
    fix: `Add what is missing: ${listed(lacks, 6)}.`,
  });
};

function judge(path: string, text: string, { files }: ScanFacts): JudgedImage | undefined {
  const stages = readStages(text);
  const base = shippedBase(stages);
  if (!base) return undefined;
  const folder = dirname(path) === '.' ? '' : `${dirname(path)}/`;
  const ignores = ['.dockerignore', `${folder}.dockerignore`, `${path}.dockerignore`];
  const ignore = files.find((file) => file.size > 0 && ignores.includes(file.path));
  const slim = isSlim(base.image);
  const staged = stages.length > 1;
  return {
    part: (slim ? slimBase : 0) + (staged ? multiStage : 0) + (ignore ? ignoreFile : 0),
    evidence: [
      seen(path, `${slim ? 'slim' : 'full'} base: ${base.image || '(an argument)'}`, base.line),
      seen(path, counted(stages.length, 'stage')),
      seen(ignore?.path ?? path, ignore ? 'keeps files out of the build' : 'no .dockerignore'),
    ],
    lacks: [
      ...(slim ? [] : [`a slim, alpine or distroless base in ${path}`]),
      ...(staged ? [] : [`a stage of its own for building in ${path}`]),
      ...(ignore ? [] : [`a .dockerignore for ${path}`]),
    ],
  };
}
