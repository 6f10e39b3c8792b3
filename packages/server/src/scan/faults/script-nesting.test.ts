import { expect, test } from 'vitest';
import { nestingOf } from './script-nesting.ts';

const many = 200_000;
const nesting: [string, string][] = [
  ['brackets', '('.repeat(many)],
  ['signs before a value', `${'!'.repeat(many)}a`],
  ['assignments', `${'a='.repeat(many)}1`],
  ['arrows', `${'a=>'.repeat(many)}1`],
  ['conditions', `${'a?b:'.repeat(many)}1`],
  ['sums', `${'a+'.repeat(many)}1`],
  ['`else if`', 'if(a);else '.repeat(many)],
  ['loops without braces', 'for(;;)'.repeat(many)],
  ['words', 'new '.repeat(many)],
  ['templates', '`${'.repeat(many)],
  ['members', `a${'.b'.repeat(many)}`],
  ['calls', `a${'()'.repeat(many)}`],
  ['tags', '<a>'.repeat(many)],
  ['arguments of types', 'a<b,'.repeat(many)],
  ['what a string hides', '(")"+'.repeat(many)],
  ['what a comment hides', '(/*)*/'.repeat(many)],
  ['what a regular expression hides', '(/"/,'.repeat(many)],
  ['what only may be a regular expression', 'if(a)/"/,('.repeat(many)],
  ['quotes between tags', "<p>' {( '</p>".repeat(many)],
  ['an address between tags', '<a>http://{(</a>,\n'.repeat(many)],
];

test.each(nesting)('does not call %s shallow', (_, text) => {
  expect(nestingOf(text)).not.toBe('shallow');
});

test.each([
  ['long lists', `[${'{a: 1, b: (2)},'.repeat(many)}]`],
  ['many statements', 'if (a) { b(c[0]); } else { d = e ? f : g; }\n'.repeat(500)],
  ['strings with brackets', `f("((((", '[[[', \`{{{$${'{a}'}\`);\n`.repeat(5000)],
  ['regular expressions', 'a = /[/"]+\\/(/.test(b) && c / d;\n'.repeat(1000)],
])('calls %s shallow', (_, text) => {
  expect(nestingOf(text)).toBe('shallow');
});
