import type { OpenBlock } from '../traceback.ts';

/** What is between the fences of Markdown is an example: a README, or what a model answered. */
export const openFence: OpenBlock = (line) => {
  if (!line.trimStart().startsWith('```')) return undefined;
  let isClosed = false;
  return {
    take(text) {
      if (!text.trimStart().startsWith('```')) return 'unsure';
      isClosed = true;
      return 'last';
    },
    finish: () => (isClosed ? 'ignored' : undefined),
  };
};
