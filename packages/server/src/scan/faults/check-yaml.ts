import { isScalar, parseAllDocuments, visit } from 'yaml';
import { type FaultAt, type SyntaxCheck, valid } from './fault.ts';

const maxLength = 1024 * 1024;

/** Aliases are never followed, so that one that stands for a billion costs nothing. */
export const checkYaml: SyntaxCheck = (text) => {
  if (text.length > maxLength) return { skipped: 'YAML of more than 1 MB takes too long' };
  const documents = parseAllDocuments(text, {
    logLevel: 'silent',
    prettyErrors: false,
    // Tags are for whoever reads the file.
    resolveKnownTags: false,
    stringKeys: false,
  });
  if (!Array.isArray(documents)) return valid;
  const faults: FaultAt[] = documents.flatMap(({ errors }) =>
    errors.map(({ code, message, pos }) => ({
      offset: pos[0],
      message: words[code] ?? `${message.charAt(0).toUpperCase()}${message.slice(1)}`,
      severity: code === 'DUPLICATE_KEY' ? ('warning' as const) : ('error' as const),
    })),
  );
  if (faults.length === 0 && emptyKey.test(text)) {
    for (const document of documents) {
      visit(document, {
        Pair(_, { key }) {
          if (!isScalar(key) || key.value !== null || key.source) return;
          const message = 'There is no key before this `:`';
          faults.push({ offset: key.range?.[0] ?? 0, message });
        },
      });
    }
  }
  return { faults };
};

/** YAML 1.2 allows it, but most readers do not, and nobody means it. */
const emptyKey = /^[ \t]*(?:- +)*:(?=[ \t]|\r?$)/m;

const words: Record<string, string> = {
  TAB_AS_INDENT: 'A tab cannot indent in YAML: use spaces',
  BAD_INDENT: 'Wrong indentation',
  DUPLICATE_KEY: 'This key occurs twice in one mapping: only one of its values counts',
  BLOCK_AS_IMPLICIT_KEY: 'A second `: ` on one line: put the value into quotes',
  MULTILINE_IMPLICIT_KEY: 'This is no `key: value`, nor the continuation of a value',
  MISSING_CHAR: 'Something is missing here: a closing quote or bracket, a `:`, or a space',
};
