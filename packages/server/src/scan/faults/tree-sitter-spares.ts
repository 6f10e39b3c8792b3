import { loadTreeSitter, type TreeSitter } from './tree-sitter.ts';

/** Lends a tree-sitter that is in order; one whose user threw or was interrupted is not lent again. */
export interface TreeSitterSpares {
  /** @throws what `work` throws, and if all were used up by hostile files. */
  use<T>(work: (treeSitter: TreeSitter) => T): T;
  close(): void;
}

/** Loading is asynchronous and checking is not, so that a few are at hand. Each is small until used. */
const atHand = 3;

export async function loadTreeSitterSpares(): Promise<TreeSitterSpares> {
  const spares = await Promise.all(Array.from({ length: atHand }, () => loadTreeSitter()));
  let isClosed = false;

  function refill(): void {
    loadTreeSitter().then(
      (loaded) => {
        if (isClosed || spares.length >= atHand) loaded.close();
        else spares.unshift(loaded);
      },
      // The next one that is needed says so.
      () => undefined,
    );
  }

  return {
    use(work) {
      const treeSitter = spares.pop();
      if (!treeSitter) {
        refill();
        throw new Error('no parser is left that is in order');
      }
      // Whoever is interrupted runs no `catch` or `finally`: it comes back only from here.
      let isInOrder = false;
      try {
        const result = work(treeSitter);
        isInOrder = true;
        return result;
      } finally {
        if (isInOrder) spares.push(treeSitter);
        else refill();
      }
    },
    close() {
      isClosed = true;
      for (const spare of spares.splice(0)) spare.close();
    },
  };
}
