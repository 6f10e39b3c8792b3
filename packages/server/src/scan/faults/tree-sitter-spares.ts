import { loadTreeSitter, type TreeSitter } from './tree-sitter.ts';

/** Lends a tree-sitter that is in order; one whose user threw or was interrupted is not lent again. */
export interface TreeSitterSpares {
  /**
   * Has some at hand, as loading is asynchronous and checking is not. To be called before `use`, and
   * again between batches of files: replaces what is lost, and what has grown large, as memory of
   * WebAssembly never shrinks.
   * @param isNeeded whether any will be used before the next call
   */
  prepare(isNeeded: boolean): Promise<void>;
  /** @throws what `work` throws, and if all were used up by hostile files. */
  use<T>(work: (treeSitter: TreeSitter) => T): T;
  close(): void;
}

/** Each is small until used. */
const atHand = 3;
const mostBytes = 64 * 1024 ** 2;

/** Loads none before `prepare`. */
export function createTreeSitterSpares(): TreeSitterSpares {
  let spares: TreeSitter[] = [];

  return {
    async prepare(isNeeded) {
      const large = spares.filter((spare) => spare.bytes() > mostBytes);
      if (large.length > 0) {
        for (const spare of large) spare.close();
        spares = spares.filter((spare) => !large.includes(spare));
        // Else they stay for a while yet: they are small in JavaScript's heap.
        globalThis.gc?.();
      }
      if (!isNeeded) return;
      const missing = Array.from({ length: atHand - spares.length }, () => loadTreeSitter());
      // The last one is used first: it has its grammars already.
      spares.unshift(...(await Promise.all(missing)));
    },
    use(work) {
      const treeSitter = spares.pop();
      if (!treeSitter) throw new Error('no parser is left that is in order');
      // Whoever is interrupted runs no `catch` or `finally`: it comes back only from here.
      let isInOrder = false;
      try {
        const result = work(treeSitter);
        isInOrder = true;
        return result;
      } finally {
        if (isInOrder) spares.push(treeSitter);
      }
    },
    close() {
      for (const spare of spares.splice(0)) spare.close();
    },
  };
}
