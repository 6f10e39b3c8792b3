import { type Check, type Evidence, lin, notApplicable, scored, seen, shareOf } from '../check.ts';
import { codeLanguages } from '../code.ts';
import { listed, percentage } from '../wording.ts';
import { toolFinder } from './find-tool.ts';
import { formatters, linters, type Tool } from './tools.ts';

/** Of the lines for whose language there are such tools: a few scripts beside the code are forgiven. */
const enough = 0.8;

export const linter = toolCheck({ id: 'linter', title: 'A linter', max: 7 }, linters, 'linter');
export const formatter = toolCheck(
  { id: 'formatter', title: 'A formatter', max: 6 },
  formatters,
  'formatter',
);

function toolCheck(
  head: { id: string; title: string; max: number },
  tools: readonly Tool[],
  noun: string,
): Check {
  return (facts) => {
    const languages = codeLanguages(facts)
      .filter(({ name, code }) => code > 0 && tools.some((tool) => tool.languages.includes(name)))
      .sort((a, b) => b.code - a.code);
    if (languages.length === 0) {
      return notApplicable(head, `There is no code in a language with a known ${noun}.`);
    }
    const find = toolFinder(facts, tools);
    const found = tools
      .filter((tool) => languages.some(({ name }) => tool.languages.includes(name)))
      .map((tool) => ({ tool, evidence: evidenceOf(tool, find) }))
      .filter(({ evidence }) => evidence !== undefined);
    const [with_, without] = [true, false].map((wanted) =>
      languages.filter(
        ({ name }) => found.some(({ tool }) => tool.languages.includes(name)) === wanted,
      ),
    );
    const lines = languages.reduce((sum, { code }) => sum + code, 0);
    const share = shareOf(
      (with_ ?? []).reduce((sum, { code }) => sum + code, 0),
      lines,
    );
    const missing = (without ?? []).map(({ name }) => name);
    const suited = missing.flatMap((language) => {
      const tool = tools.find((one) => one.languages.includes(language));
      return tool ? [`${tool.name} for ${language}`] : [];
    });
    return scored(head, {
      part: lin(share, 0, enough),
      evidence: found.flatMap(({ evidence }) => (evidence ? [evidence] : [])),
      why:
        missing.length === 0
          ? `Every language of the code has a ${noun}: ${listed(found.map(({ tool }) => tool.name))}.`
          : `${percentage(share)} of the lines of code are in a language with a ${noun} here; ${listed(missing)} ${missing.length === 1 ? 'has' : 'have'} none.`,
      fix: `Set up ${listed(suited)}, with its settings in the project.`,
    });
  };
}

function evidenceOf(tool: Tool, find: (tool: Tool) => Evidence | undefined): Evidence | undefined {
  return (
    find(tool) ?? (tool.builtIn ? seen(null, `${tool.name} comes with the language`) : undefined)
  );
}
