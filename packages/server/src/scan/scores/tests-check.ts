import { type Check, lin, mostEvidence, notApplicable, scored, seen, shareOf } from './check.ts';
import { codeFiles } from './code.ts';
import { counted, percentage } from './wording.ts';

/** Test files among all code files, tests included. */
const enough = 0.15;

/** Whether there are tests: the same measure in Health, with 15 points, and in Vibe, with 10. */
export function testsCheck(max: number): Check {
  const head = { id: 'tests', title: 'Tests', max };
  return (facts) => {
    const code = codeFiles(facts);
    if (code === 0) return notApplicable(head, 'There is no code to test.');
    const tests = Math.min(facts.test_files.length, code);
    const share = shareOf(tests, code);
    // What is added counts as code too.
    const missing = Math.max(1, Math.ceil((enough * code - tests) / (1 - enough)));
    return scored(head, {
      part: lin(share, 0, enough),
      evidence: facts.test_files.slice(0, mostEvidence).map((file) => seen(file, 'test file')),
      why: `${counted(tests, 'file')} of ${counted(code, 'code file')} (${percentage(share)}) ${tests === 1 ? 'is a test' : 'are tests'}; ${percentage(enough)} earn all.`,
      fix: `Add ${counted(missing, 'test file')} for code that has none.`,
    });
  };
}
