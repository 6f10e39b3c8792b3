import { type Check, notApplicable, scored, seen } from '../check.ts';
import { isCiFile } from '../ci-file.ts';
import { codeFiles } from '../code.ts';
import { findTestCommand } from '../runs-tests.ts';
import { counted } from '../wording.ts';

const head = { id: 'ci', title: 'Continuous integration', max: 10 };

/** Half for a pipeline, half when it runs tests: one that only builds finds half of what it could. */
export const pipeline: Check = (facts) => {
  if (codeFiles(facts) === 0)
    return notApplicable(head, 'There is no code for a pipeline to check.');
  const pipelines = facts.files.filter(({ path, size }) => size > 0 && isCiFile(path));
  if (pipelines.length === 0) {
    return scored(head, {
      part: 0,
      why: 'No pipeline checks each change.',
      fix: 'Add a pipeline that runs the tests on each change, such as .github/workflows/ci.yml or .gitlab-ci.yml.',
    });
  }
  const tested = pipelines.flatMap(({ path }) => {
    const found = findTestCommand(facts, path, facts.texts.get(path) ?? '');
    return found ? [seen(path, `runs tests: ${found.text}`, found.line)] : [];
  });
  const runsTests = new Set(tested.map(({ file }) => file));
  const others = pipelines.filter(({ path }) => !runsTests.has(path));
  return scored(head, {
    part: tested.length > 0 ? 1 : 0.5,
    evidence: [...tested, ...others.map(({ path }) => seen(path, 'pipeline'))],
    why:
      tested.length > 0
        ? `There ${pipelines.length === 1 ? 'is' : 'are'} ${counted(pipelines.length, 'pipeline file')}, and tests are run.`
        : `There ${pipelines.length === 1 ? 'is' : 'are'} ${counted(pipelines.length, 'pipeline file')}, but no command in them runs tests.`,
    fix: `Run the tests in ${pipelines[0]?.path ?? 'the pipeline'}, with the command of your test runner.`,
  });
};
