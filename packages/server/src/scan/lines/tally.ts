import type { LineCount } from './count-lines.ts';
import type { Language } from './language.ts';

export interface LanguageTally {
  readonly name: string;
  readonly kind: Language['kind'];
  readonly files: number;
  readonly code: number;
  readonly comment: number;
  readonly blank: number;
}

export interface Tally {
  /** The most code first. */
  readonly languages: readonly LanguageTally[];
  readonly total: Omit<LanguageTally, 'name' | 'kind'>;
}

/** Adds files up by language: `add` each, then take the `result`, as often as wanted. */
export function createTally(): {
  add: (language: Pick<Language, 'name' | 'kind'>, lines: LineCount) => void;
  result: () => Tally;
} {
  const byName = new Map<string, LanguageTally>();
  return {
    add: (language, lines) => {
      const before = byName.get(language.name) ?? { ...nothing, ...language };
      byName.set(language.name, {
        name: language.name,
        kind: language.kind,
        ...sum(before, { files: 1, ...lines }),
      });
    },
    result: () => {
      const languages = [...byName.values()].toSorted(
        (a, b) => b.code - a.code || (a.name < b.name ? -1 : 1),
      );
      return { languages, total: languages.reduce(sum, nothing) };
    },
  };
}

const nothing: Tally['total'] = { files: 0, code: 0, comment: 0, blank: 0 };

function sum(a: Tally['total'], b: Tally['total']): Tally['total'] {
  return {
    files: a.files + b.files,
    code: a.code + b.code,
    comment: a.comment + b.comment,
    blank: a.blank + b.blank,
  };
}
