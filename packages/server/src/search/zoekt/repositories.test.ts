import { expect, test } from 'vitest';
import { createRepositoryLookup } from './repositories.ts';

const projects = [
  { id: 3, name: 'Web', path: '/srv/other/shop' },
  { id: 1, name: 'Old web', path: '/srv/acme/shop' },
  { id: 2, name: 'tools', path: '/srv/tools-folder' },
];
const idOf = (repository: string) => createRepositoryLookup(projects)(repository)?.id;

test.each([
  ['Web', 3],
  ['tools', 2],
  ['tools-folder', 2],
  ['github.com/acme/shop', 1],
  ['other/shop', 3],
  ['shop', 1],
  ['gitlab.com/x/tools', 2],
  ['web', undefined],
  ['workshop', undefined],
  ['', undefined],
])('repository %s is that of project %s', (repository, id) => {
  expect(idOf(repository)).toBe(id);
});
