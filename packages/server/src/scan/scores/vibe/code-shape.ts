import { type Check, lin, notApplicable, scored, seen, shareOf } from '../check.ts';
import { codeLines } from '../code.ts';
import { counted, listed, numeral, percentage } from '../wording.ts';

const smallHead = { id: 'small_files', title: 'Small files', max: 8 };
const todoHead = { id: 'todos', title: 'Few open TODOs', max: 5 };
const noCode = 'There are no lines of code.';

/** Shares of the lines of code that are in files of over 500 lines. */
const fine = 0.2;
const worst = 0.9;

export const smallFiles: Check = (facts) => {
  const lines = codeLines(facts);
  if (lines === 0) return notApplicable(smallHead, noCode);
  const long = [...facts.long_files].sort((a, b) => b.lines - a.lines);
  const share = shareOf(
    long.reduce((sum, file) => sum + file.lines, 0),
    lines,
  );
  return scored(smallHead, {
    part: 1 - lin(share, fine, worst),
    evidence: long.map(({ path, lines }) => seen(path, counted(lines, 'line'))),
    why: `${percentage(share)} of the code is in ${counted(long.length, 'file')} of over 500 lines; up to ${percentage(fine)} earn all.`,
    fix: `Split ${listed(long.map(({ path }) => path))} along what they do, to below 500 lines.`,
  });
};

/** Per 1,000 lines of code: up to the first all is earned, from the second on nothing. */
const few = 1;
const many = 10;

export const todos: Check = (facts) => {
  const lines = codeLines(facts);
  if (lines === 0) return notApplicable(todoHead, noCode);
  const { count, examples } = facts.todos;
  const density = (count / lines) * 1000;
  const most = Math.floor((few * lines) / 1000);
  return scored(todoHead, {
    part: 1 - lin(density, few, many),
    evidence: examples.map(({ file, line }) => seen(file, 'TODO', line)),
    why: `There ${count === 1 ? 'is' : 'are'} ${counted(count, 'open TODO')} in ${counted(lines, 'line')} of code, ${numeral(density)} per 1,000; up to ${few} earns all.`,
    fix: `Do or drop ${counted(Math.max(1, count - most), 'TODO')}, or move them to the issue tracker.`,
  });
};
