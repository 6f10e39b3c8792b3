import type { LanguageFact, ScanFacts } from './scan-facts.ts';

/** Only programming languages: markup, data and prose are neither tested nor linted as code is. */
export function codeLanguages(facts: ScanFacts): LanguageFact[] {
  return facts.languages.filter(({ kind }) => kind === 'programming');
}

export function codeFiles(facts: ScanFacts): number {
  return codeLanguages(facts).reduce((sum, { files }) => sum + files, 0);
}

export function codeLines(facts: ScanFacts): number {
  return codeLanguages(facts).reduce((sum, { code }) => sum + code, 0);
}
