import { expect, it } from 'vitest';
import { mergeStack } from './merge-stack.ts';

it('keeps what the user wrote, first and as it is, and adds what is not there', () => {
  expect(mergeStack(['vue', 'mine'], ['python', 'vue', 'docker'])).toEqual([
    'vue',
    'mine',
    'python',
    'docker',
  ]);
});

it('adds nothing that is there by another spelling', () => {
  const own = ['postgres', 'node.js', 'golang', 'next.js', 'c#', 'react native', 'ruby on rails'];
  const found = ['postgresql', 'nodejs', 'go', 'nextjs', 'csharp', 'react-native', 'rails', 'c++'];
  expect(mergeStack(own, found)).toEqual([...own, 'c++']);
});

it('adds up to 50, and takes nothing of what the user wrote away', () => {
  const names = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  expect(mergeStack(names('a', 40), names('b', 30))).toHaveLength(50);
  expect(mergeStack(names('a', 60), names('b', 30))).toEqual(names('a', 60));
});

it('finds nothing new the second time', () => {
  const once = mergeStack(['mine'], ['python', 'react']);
  expect(mergeStack(once, ['python', 'react'])).toEqual(once);
});
