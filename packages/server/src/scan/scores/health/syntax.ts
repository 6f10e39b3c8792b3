import { type Check, lin, notApplicable, scored, seen, shareOf } from '../check.ts';
import { counted, percentage } from '../wording.ts';

const head = { id: 'syntax', title: 'Files can be parsed', max: 20 };

/** From this share of bad files on nothing is earned. */
const worst = 0.05;
/** One file that cannot be parsed already breaks what imports it. */
const mostWithErrors = 0.75;

export const syntax: Check = ({ parsed_files, bad_files, faults }) => {
  if (parsed_files === 0) return notApplicable(head, 'There are no files to look for errors in.');
  const bad = Math.min(bad_files, parsed_files);
  const part = 1 - lin(shareOf(bad, parsed_files), 0, worst);
  return scored(head, {
    part: bad === 0 ? 1 : Math.min(mostWithErrors, part),
    evidence: faults
      .filter(({ type }) => type === 'syntax')
      .map(({ file, line, message }) => seen(file, message, line)),
    why:
      bad === 0
        ? `All ${counted(parsed_files, 'file')} that can be checked have no syntax error.`
        : `${counted(bad, 'file')} of ${parsed_files} (${percentage(bad / parsed_files)}) ${bad === 1 ? 'has' : 'have'} syntax errors.`,
    fix: `Mend the syntax errors in ${counted(bad, 'file')}; from 5 % of the files on nothing is earned.`,
  });
};
