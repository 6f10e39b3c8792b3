import { createRequire } from 'node:module';
import path from 'node:path';
import type { OxcError, ParserOptions } from 'oxc-parser';
import { type FaultAt, type SyntaxCheck, valid } from './fault.ts';
import { nestingOf } from './script-nesting.ts';

const require = createRequire(import.meta.url);

type Way = Required<Pick<ParserOptions, 'lang' | 'sourceType'>>;

/** Types of Flow, by its pragma or by what only Flow has. */
const flow = /@flow\b|@noflow\b|\bimport\s+typeof\b|\{\||\?:\s*\?|:\s*\?\w/;

/**
 * Checks JavaScript and TypeScript. A file is in order if it is as any kind of script: what a `.js`
 * is, its neighbours decide. `otherwise` checks what nests too deep for a parser that may overflow
 * the stack of the whole process.
 */
export function checkJavaScript(otherwise: SyntaxCheck): SyntaxCheck {
  const { parseSync }: typeof import('oxc-parser') = require('oxc-parser');

  return (text, file) => {
    if (isOtherFormat(text)) return { skipped: 'it is no script' };
    if (nestingOf(text) !== 'shallow') return otherwise(text, file);
    const ways = waysOf(file);
    let faults: FaultAt[] = [];
    for (const way of ways) {
      const { errors } = parseSync(file, text, { ...way, preserveParens: false });
      if (errors.length === 0) return valid;
      // The way that reads furthest is the one that was meant.
      const found = errors.map((error) => toFault(error, text));
      if ((found[0]?.offset ?? 0) > (faults[0]?.offset ?? -1)) faults = found;
    }
    const isTyped = ways.every(({ lang }) => lang === 'ts' || lang === 'tsx');
    if (!isTyped && flow.test(text)) return { skipped: 'it is written in Flow' };
    return { faults };
  };
}

function waysOf(file: string): Way[] {
  const extension = path.posix.extname(file).toLowerCase();
  if (extension.endsWith('ts')) {
    const lang = /\.d\.(?:\w+\.)?[mc]?ts$/i.test(file) ? 'dts' : 'ts';
    return [
      { lang, sourceType: 'module' },
      { lang, sourceType: 'script' },
    ];
  }
  if (extension === '.tsx') return [{ lang: 'tsx', sourceType: 'module' }];
  const inOrder: Way[] = [
    { lang: 'jsx', sourceType: 'module' },
    { lang: 'jsx', sourceType: 'commonjs' },
    { lang: 'jsx', sourceType: 'script' },
  ];
  return extension === '.mjs' ? inOrder.slice(0, 1) : inOrder;
}

/** Qt's translations and videos are `.ts` too, JSON and pages are served as `.js`. */
function isOtherFormat(text: string): boolean {
  return /^\s*(?:<\?xml|<!DOCTYPE|<TS\b|<html)/i.test(text.slice(0, 500));
}

function toFault({ message, labels, helpMessage }: OxcError, text: string): FaultAt {
  // Where a bracket is missing, one label is where it was opened and one where it was expected.
  const opened = labels.find((label) => label.message === 'Opened here');
  const label = labels.find((label) => label !== opened) ?? opened;
  const offset = label?.start ?? 0;
  const wanted = /(?:^|or )`(.)` expected$/.exec(label?.message ?? '')?.[1];
  if (opened && wanted) {
    const line = text.slice(0, opened.start).split('\n').length;
    const sign = text.slice(opened.start, opened.end);
    return { offset, message: `Missing \`${wanted}\` to close \`${sign}\` on line ${line}` };
  }
  const help = helpMessage ? ` (${helpMessage.replace(/\s+/g, ' ')})` : '';
  return { offset, message: `${message}${help}` };
}
