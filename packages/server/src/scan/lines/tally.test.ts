import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { countLines } from './count-lines.ts';
import { languageOf } from './language-of.ts';
import { createTally } from './tally.ts';

test('adds files up by language, the most code first', () => {
  const tally = createTally();
  for (const [path, text] of [
    ['a.py', 'x = 1\n\n# a\n'],
    ['b.py', 'x = 1\ny = 2\n'],
    ['c.go', 'package c\n'],
    ['d.md', '# d\n\n<!-- e -->\n'],
  ] as const) {
    const content = Buffer.from(text);
    const language = languageOf(path, content);
    if (language) tally.add(language, countLines(content, language));
  }
  expect(tally.result()).toEqual({
    languages: [
      { name: 'Python', kind: 'programming', files: 2, code: 3, comment: 1, blank: 1 },
      { name: 'Go', kind: 'programming', files: 1, code: 1, comment: 0, blank: 0 },
      { name: 'Markdown', kind: 'prose', files: 1, code: 1, comment: 1, blank: 1 },
    ],
    total: { files: 4, code: 5, comment: 2, blank: 2 },
  });
});

test('is nothing for no files', () => {
  expect(createTally().result()).toEqual({
    languages: [],
    total: { files: 0, code: 0, comment: 0, blank: 0 },
  });
});
