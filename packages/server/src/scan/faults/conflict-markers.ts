import type { FaultAt } from './fault.ts';

const marker = /^(?:<{7}(?= )|={7}\r?$|>{7}(?= ))/gm;

/**
 * What a merge left undone: `<<<<<<<`, `=======` and `>>>>>>>` at the start of lines, in this order.
 * The line in the middle alone underlines a heading. In a document, what is in a fence is an example.
 */
export function findConflicts(text: string, path: string): FaultAt[] {
  if (!text.includes('<<<<<<< ') || !text.includes('\n>>>>>>> ')) return [];
  const isDocument = /\.(?:md|mdx|markdown|rst|adoc)$/i.test(path);
  const found: FaultAt[] = [];
  let start = -1;
  let isParted = false;
  for (const match of text.matchAll(marker)) {
    const sign = match[0][0];
    if (sign === '<') {
      start = match.index;
      isParted = false;
    } else if (sign === '=') {
      isParted = start >= 0;
    } else if (isParted) {
      if (!(isDocument && isInFence(text, start))) {
        found.push({ offset: start, message: 'A merge conflict is not resolved here' });
      }
      start = -1;
      isParted = false;
    }
  }
  return found;
}

function isInFence(text: string, offset: number): boolean {
  const fences = text.slice(0, offset).match(/^[ \t]*(?:```|~~~)/gm)?.length ?? 0;
  return fences % 2 === 1;
}
