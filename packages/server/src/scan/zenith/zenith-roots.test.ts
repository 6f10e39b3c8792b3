import { symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { makeZenithTree } from './testing/zenith-tree.ts';
import { findZenithRoots } from './zenith-roots.ts';

describe('the roots', () => {
  test('are real, and each is there once', () => {
    using tree = makeZenithTree({ 'a/x': '' });
    symlinkSync(tree.path('a'), tree.path('link'));
    const folders = [tree.path('a'), tree.path('link')];
    expect(findZenithRoots(folders)).toEqual({ roots: [tree.path('a')], missing: [] });
  });

  test('that are not there, or no directories, are missing as they are set', () => {
    using tree = makeZenithTree({ 'a/x': '' });
    symlinkSync(tree.path('nowhere'), tree.path('dangling'));
    const wrong = ['none', 'a/x', 'a/x/y', 'dangling'].map((name) => tree.path(name));
    expect(findZenithRoots([...wrong, tree.path('a')])).toEqual({
      roots: [tree.path('a')],
      missing: wrong,
    });
  });
});
