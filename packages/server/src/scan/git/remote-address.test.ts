import { expect, test } from 'vitest';
import { parseGitConfig } from './git-config.ts';
import { remoteAddress, withoutCredentials } from './remote-address.ts';

test.each([
  ['https://github.com/a/b.git', 'https://github.com/a/b.git'],
  ['https://user:secret@host/a/b.git', 'https://host/a/b.git'],
  ['https://secret@host:8443/a?access_token=secret#secret', 'https://host:8443/a'],
  ['https://user:sec@ret/secret@host/a', 'https://host/a'],
  ['ssh://git:secret@host:22/a', 'ssh://host:22/a'],
  ['git@github.com:a/b.git', 'github.com:a/b.git'],
  ['user:secret@host:a/b', 'host:a/b'],
  ['https://host/ghp_0123456789abcdefSecret/a.git', 'https://host/***/a.git'],
  ['https://host/@scope/a', 'https://host/@scope/a'],
  ['/srv/git/a.git', '/srv/git/a.git'],
  ['../a', '../a'],
  ['ext::sh -c secret', null],
  ['https://host/a\nsecret', null],
])('of %s, %s is shown', (url, shown) => {
  expect(withoutCredentials(url)).toBe(shown);
});

test('the address is that of origin, or else of the first remote', () => {
  const upstream = '[remote "upstream"]\nurl = https://x/1\n';
  expect(remoteAddress(parseGitConfig(upstream))).toBe('https://x/1');
  const both = `${upstream}[remote "origin"]\nurl = https://me:secret@x/2\nurl = https://x/3\n`;
  expect(remoteAddress(parseGitConfig(both))).toBe('https://x/2');
  expect(remoteAddress(new Map())).toBeNull();
});
