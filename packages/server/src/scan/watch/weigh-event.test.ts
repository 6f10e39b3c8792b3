import { expect, test } from 'vitest';
import { isTemporaryName } from './temporary-names.ts';
import { weighEvent, weighGitEvent, weighRecursiveEvent } from './weigh-event.ts';

const listed = {
  directories: new Set(['', 'src', 'src/src']),
  files: new Set(['README.md', 'src/a.ts', 'src/notes~']),
};

test('a file of the last scan is one, even if it is called like a temporary one', () => {
  expect(weighEvent(listed, '', 'change', 'README.md')).toEqual({
    path: 'README.md',
    weight: 'listed',
  });
  expect(weighEvent(listed, 'src', 'rename', 'notes~')).toEqual({
    path: 'src/notes~',
    weight: 'listed',
  });
});

test('a name that the last scan has not listed may be new or ignored', () => {
  expect(weighEvent(listed, 'src', 'rename', 'b.ts')).toEqual({
    path: 'src/b.ts',
    weight: 'unlisted',
  });
  expect(weighEvent({ ...listed, files: null }, 'src', 'change', 'a.ts')?.weight).toBe('unlisted');
  expect(weighEvent(listed, 'src', 'rename', null)).toEqual({ path: 'src', weight: 'unlisted' });
});

test('a directory that comes or goes is a change, one that changes is told by what is in it', () => {
  expect(weighEvent(listed, '', 'rename', 'src')).toEqual({ path: 'src', weight: 'listed' });
  expect(weighEvent(listed, '', 'change', 'src')).toBeUndefined();
});

test('what editors and file managers leave behind is no change', () => {
  const temporary = [
    '4913',
    '.a.ts.swp',
    'a.ts~',
    '.#a.ts',
    '#a.ts#',
    '.DS_Store',
    '.nfs00000a1b2c',
  ];
  const ordinary = ['a.ts', '49130', 'swp', '.env', '#a', 'nfs.ts', '.gitignore', 'index.lock'];
  expect(temporary.filter((name) => !isTemporaryName(name))).toEqual([]);
  expect(ordinary.filter(isTemporaryName)).toEqual([]);
  for (const name of temporary) expect(weighEvent(listed, 'src', 'rename', name)).toBe(undefined);
});

test('of a repository only HEAD and the index matter, not their locks', () => {
  expect(['HEAD', 'index', 'logs/HEAD'].map((name) => weighGitEvent(name)?.path)).toEqual([
    '.git/HEAD',
    '.git/index',
    '.git/logs/HEAD',
  ]);
  const others = ['index.lock', 'HEAD.lock', 'FETCH_HEAD', 'config', 'objects/12', 'logs/refs'];
  expect(others.map(weighGitEvent).filter(Boolean)).toEqual([]);
});

test('of a whole tree only what lies in the directories of the last scan matters', () => {
  expect(weighRecursiveEvent(listed, 'change', 'src/a.ts')?.weight).toBe('listed');
  expect(weighRecursiveEvent(listed, 'change', 'src\\a.ts')?.weight).toBe('listed');
  expect(weighRecursiveEvent(listed, 'rename', 'new')).toEqual({ path: 'new', weight: 'unlisted' });
  expect(weighRecursiveEvent(listed, 'rename', 'node_modules/a/b.js')).toBeUndefined();
  expect(weighRecursiveEvent(listed, 'rename', '.git\\index')?.path).toBe('.git/index');
  expect(weighRecursiveEvent(listed, 'rename', '.git/index.lock')).toBeUndefined();
  expect(weighRecursiveEvent(listed, 'rename', null)).toEqual({ path: '', weight: 'unlisted' });
});
