import { type Check, lin, notApplicable, scored, seen } from '../check.ts';
import { numeral } from '../wording.ts';

const head = { id: 'coverage', title: 'Lines covered by tests', max: 10 };

/** Percent of lines; more is not worth more. */
const enough = 80;

export const coverage: Check = ({ coverage }) => {
  if (!coverage) return notApplicable(head, 'The project has no coverage report.');
  const { percent, file } = coverage;
  return scored(head, {
    part: lin(percent, 0, enough),
    evidence: [seen(file, `${numeral(percent)} % of lines`)],
    why: `The report says that ${numeral(percent)} % of the lines are covered; ${enough} % earn all.`,
    fix: `Cover ${numeral(Math.max(0, enough - percent))} % more of the lines with tests, and write the report anew.`,
  });
};
