import type { ScanFacts } from './scan-facts.ts';

export interface Readme {
  file: string;
  /** Without comments, badges and white space at both ends. */
  text: string;
}

const readmePath = /^(?:\.github\/|docs\/)?readme(?:\.[\w-]+){0,2}$/i;

export function isReadme(path: string): boolean {
  return readmePath.test(path);
}

/** The one with the most to read: beside it may lie translations, and links to another place. */
export function findReadme(facts: ScanFacts): Readme | undefined {
  let best: Readme | undefined;
  for (const { path } of facts.files) {
    if (!isReadme(path)) continue;
    const text = wordsOf(facts.texts.get(path) ?? '');
    // What lies at the root is shown first wherever the project is shown.
    if (!best || (text.length > best.text.length && (!best.text || !path.includes('/')))) {
      best = { file: path, text };
    }
  }
  return best;
}

function wordsOf(text: string): string {
  return withoutComments(text)
    .replace(/\[?!\[[^\]\n]{0,200}\]\([^)\n]{0,1000}\)(?:\]\([^)\n]{0,1000}\))?/g, '')
    .replace(/<\/?(?:img|picture|source|p|div|a|h1|br|center)\b[^>\n]{0,1000}>/gi, '')
    .trim();
}

/** By hand, as a pattern would look for the end once for each comment that has none. */
function withoutComments(text: string): string {
  let kept = '';
  let from = 0;
  for (;;) {
    const start = text.indexOf('<!--', from);
    const end = start < 0 ? -1 : text.indexOf('-->', start);
    if (end < 0) return kept + text.slice(from);
    kept += text.slice(from, start);
    from = end + 3;
  }
}
