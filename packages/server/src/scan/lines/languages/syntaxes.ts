import type { BlockComment, Embedded, LineComment, StringSyntax, Syntax } from '../language.ts';

/** What several languages share. */

export const slashStar: BlockComment = { open: '/*', close: '*/' };
export const nestedSlashStar: BlockComment = { ...slashStar, nested: true };
const markupComment: BlockComment = { open: '<!--', close: '-->' };
export const parenthesisStar: BlockComment = { open: '(*', close: '*)', nested: true };

export const quote: StringSyntax = { open: '"' };
export const apostrophe: StringSyntax = { open: "'" };
export const threeQuotes: StringSyntax = { open: '"""', multiline: true };
export const threeApostrophes: StringSyntax = { open: "'''", multiline: true };
export const multilineQuote: StringSyntax = { open: '"', multiline: true };

/** Where strings need not be known: a sign that does not begin its line changes nothing. */
export function firstOnLine(open: string): LineComment {
  return { open, at: 'first-on-line' };
}

export function startsWith(...opens: string[]): Syntax {
  return { lineComments: opens.map(firstOnLine) };
}

export const none: Syntax = {};
export const hash: Syntax = startsWith('#');

export const slashes: Syntax = {
  lineComments: ['//'],
  blockComments: [slashStar],
  strings: [quote],
  characters: true,
};

export const cFamily: Syntax = {
  ...slashes,
  strings: [{ open: '"', raw: 'c++' }],
  continuesLineComments: true,
};

export const javaScript: Syntax = {
  lineComments: ['//'],
  blockComments: [slashStar],
  strings: [quote, apostrophe],
  regexes: true,
  templates: true,
};

export const css: Syntax = { blockComments: [slashStar], strings: [quote, apostrophe] };

export const scss: Syntax = { ...css, lineComments: ['//'] };

/** A script in HTML may be wrapped in an HTML comment, for browsers long gone. */
const pageScript: Syntax = {
  ...javaScript,
  lineComments: ['//', '<!--', firstOnLine('-->')],
};

export function page(style: Syntax, ...comments: BlockComment[]): Syntax {
  return {
    blockComments: [markupComment, ...comments],
    embedded: [
      { open: '<script', close: '</script', syntax: pageScript, tag: true },
      { open: '<style', close: '</style', syntax: style, tag: true },
    ],
  };
}

export const html: Syntax = page(css);

export const xml: Syntax = {
  blockComments: [markupComment],
  strings: [{ open: '<![CDATA[', close: ']]>', escapes: false, multiline: true }],
};

const phpCode: Syntax = {
  lineComments: ['//', { open: '#', unlessBefore: '[' }],
  blockComments: [slashStar],
  strings: [multilineQuote, { ...apostrophe, multiline: true }],
  heredocs: 'php',
};

const phpParts: readonly Embedded[] = ['<?php', '<?=', '<? ', '<?\n'].map((open) => ({
  open,
  close: '?>',
  syntax: phpCode,
}));

/** PHP is HTML with code in it, in its scripts and styles too. */
export const php: Syntax = {
  blockComments: [markupComment],
  embedded: [
    ...phpParts,
    {
      open: '<script',
      close: '</script',
      syntax: { ...pageScript, embedded: phpParts },
      tag: true,
    },
    { open: '<style', close: '</style', syntax: { ...css, embedded: phpParts }, tag: true },
  ],
};
