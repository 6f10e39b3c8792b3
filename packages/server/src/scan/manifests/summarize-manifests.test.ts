import { expect, it } from 'vitest';
import { readManifest } from './read-manifest.ts';
import { summarizeManifests } from './summarize-manifests.ts';

function summary(files: Record<string, unknown>) {
  return summarizeManifests(
    Object.entries(files).flatMap(([path, content]) => {
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      return readManifest(path, Buffer.from(text)) ?? [];
    }),
  );
}

it('counts a package that several manifests ask for once, and none of the project itself', () => {
  const { direct, unpinned } = summary({
    'package.json': { name: 'root', dependencies: { react: '18', own: '1' } },
    'packages/own/package.json': { name: 'own', dependencies: { react: '*', ms: '2' } },
    'api/requirements.txt': 'numpy==1\n',
    'environment.yml': 'dependencies: [numpy]\n',
    Dockerfile: 'FROM node\n',
    'broken/package.json': '{',
  });
  expect(direct).toBe(3);
  expect(unpinned).toEqual([
    { name: 'react', file: 'packages/own/package.json' },
    { name: 'numpy', file: 'environment.yml' },
  ]);
});

it('names what one lock holds in several versions, and not what two locks hold', () => {
  const { locked, duplicates } = summary({
    'a/Cargo.lock':
      '[[package]]\nname = "syn"\nversion = "1"\n[[package]]\nname = "syn"\nversion = "2"\n',
    'b/Cargo.lock': '[[package]]\nname = "quote"\nversion = "1"\n',
    'c/Cargo.lock': '[[package]]\nname = "quote"\nversion = "2"\n',
  });
  expect(locked).toBe(3);
  expect(duplicates).toEqual([{ name: 'syn', versions: ['1', '2'] }]);
});
