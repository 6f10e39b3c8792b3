import type { Language } from './language.ts';
import { cLikeLanguages } from './languages/c-like-languages.ts';
import { functionalLanguages } from './languages/functional-languages.ts';
import { scriptLanguages } from './languages/script-languages.ts';
import { systemsLanguages } from './languages/systems-languages.ts';
import { textLanguages } from './languages/text-languages.ts';

/** Every language whose lines are counted, its name as cloc or linguist spell it. */
export const languages: readonly Language[] = [
  ...cLikeLanguages,
  ...scriptLanguages,
  ...functionalLanguages,
  ...systemsLanguages,
  ...textLanguages,
];
