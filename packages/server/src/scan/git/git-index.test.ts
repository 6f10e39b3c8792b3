import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type IndexEntry, parseGitIndex } from './git-index.ts';
import { makeGitFolder } from './testing/git-folder.ts';

function entriesOf(bytes: Buffer) {
  const entries: (IndexEntry & { path: string })[] = [];
  parseGitIndex(bytes, 20, (path, _, read) => entries.push({ path, ...read() }));
  return entries;
}

test.each(['2', '3', '4'])('an index of version %s is read as git lists it', async (version) => {
  await using folder = await makeGitFolder();
  const id = folder.git('hash-object', '-w', '--stdin').trim();
  // The length of the last one has no room in the 12 bits for it.
  for (const name of ['a', 'a.b', 'b/c', 'b/é', 'b/c-2', `d/${'e/'.repeat(2_500)}deep`]) {
    folder.git('update-index', '--add', '--cacheinfo', `100755,${id},${name}`);
  }
  folder.git('update-index', '--index-version', version);
  if (version === '3') folder.git('update-index', '--skip-worktree', 'a');
  const bytes = readFileSync(path.join(folder.path, '.git/index'));
  expect(bytes.readUInt32BE(4)).toBe(Number(version));
  const entries = entriesOf(bytes);
  const listed = folder.git('ls-files', '-z').split('\0').slice(0, -1);
  expect(entries.map((entry) => entry.path)).toEqual(listed);
  expect(entries[0]).toMatchObject({ mode: 0o100755, stage: 0, skipWorktree: version === '3' });
  expect(entries.map((entry) => entry.objectId.toString('hex'))).toEqual(listed.map(() => id));
});

test('a damaged index is an error, whatever is wrong with it', async () => {
  await using folder = await makeGitFolder({ 'a/b': '1', 'a/c': '2' });
  folder.git('add', '.');
  for (const version of ['2', '4']) {
    folder.git('update-index', '--index-version', version);
    const bytes = readFileSync(path.join(folder.path, '.git/index'));
    const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1 });
    fc.assert(
      fc.property(changes, fc.nat(bytes.length), (bytesChanged, length) => {
        const damaged = Buffer.from(bytes.subarray(0, length));
        for (const [at, byte] of bytesChanged) if (at < length) damaged[at] = byte;
        try {
          entriesOf(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 500 },
    );
    expect(() => entriesOf(bytes.subarray(0, 60))).toThrow('damaged');
    expect(() => entriesOf(Buffer.alloc(0))).toThrow('damaged');
  }
});
