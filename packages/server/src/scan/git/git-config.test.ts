import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseGitConfig } from './git-config.ts';
import { makeGitFolder } from './testing/git-folder.ts';

test('settings are read as git reads them', async () => {
  const text = `; a comment
[Core]
\tIgnoreCase
  fileMode = false # why
[remote "Or\\"igin"] url = "https://x/y;z#1" ; said
\tfetch = +refs/*:refs/*  two   words  
\turl = a\\
b
[a.b] c = "x\\ty\\\\" "z"
[empty]
\tvalue =
`;
  await using folder = await makeGitFolder({ settings: text });
  const listed = folder
    .git('config', '--file', 'settings', '--list', '-z')
    .split('\0')
    .slice(0, -1);
  const expected = listed.map((line) => {
    const [key = '', ...value] = line.split('\n');
    return [key, value.length > 0 ? value.join('\n') : 'true'];
  });
  const read = [...parseGitConfig(text)].flatMap(([key, values]) =>
    values.map((value) => [key, value]),
  );
  expect(read.sort()).toEqual(expected.sort());
});

test('any text is read without an error', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('[', ']', '"', '\\', '\n', 'a', '=', ' ') }),
      (text) => {
        parseGitConfig(text);
      },
    ),
  );
});
