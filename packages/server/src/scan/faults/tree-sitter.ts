import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Language, Parser, Query, Tree } from 'web-tree-sitter';
import { loadAfresh } from './load-afresh.ts';

/** Node has it, and the types of Node and ECMAScript leave it out. */
declare const WebAssembly: {
  Memory: new (pages: { initial: number; maximum: number }) => { buffer: ArrayBuffer };
  Module: new (code: Uint8Array) => object;
};

const require = createRequire(import.meta.url);

export type Grammar = 'go' | 'java' | 'rust' | 'c-sharp' | 'ruby' | 'php' | 'tsx' | 'typescript';

export interface TreeSitter {
  /** @throws if the parser gives up: its memory is used up, or it was interrupted before. */
  parse(grammar: Grammar, text: string): Tree;
  /** Where the parser met the first token that fits nowhere, and in which state. */
  firstMisfit(grammar: Grammar, text: string): Misfit | undefined;
  /** The first place in a tree that a query of tree-sitter captures. */
  firstCapture(grammar: Grammar, tree: Tree, query: string): number | undefined;
  /** Of its memory, used or not. */
  bytes(): number;
  close(): void;
}

export interface Misfit {
  row: number;
  /** In UTF-16 units, of the token or of what is skipped before it. */
  column: number;
  /** What the grammar calls the token. */
  symbol: string;
  /** Whether this token would have fitted there instead. */
  admits(symbol: string): boolean;
}

/** 64 KiB each. Memory of WebAssembly never shrinks, so that this is what a hostile file may cost. */
const memoryPages = { initial: 512, maximum: 3072 };

/**
 * A tree-sitter of its own memory, to be thrown away as a whole: after a trap nothing in it can be
 * relied upon, and the library holds it in variables of its module.
 */
export async function loadTreeSitter(): Promise<TreeSitter> {
  const library = loadAfresh(
    require.resolve('web-tree-sitter'),
  ) as typeof import('web-tree-sitter');
  const wasmMemory = new WebAssembly.Memory(memoryPages);
  // What it prints when it gives up is in what it throws.
  await library.Parser.init({ wasmMemory, printErr: () => undefined });
  const parsers = new Map<Grammar, { parser: Parser; language: Language }>();
  const queries = new Map<string, Query>();

  function parserOf(grammar: Grammar) {
    const known = parsers.get(grammar);
    if (known) return known;
    const file = require.resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${grammar}.wasm`);
    const language = library.Language.loadSync(new WebAssembly.Module(readFileSync(file)));
    const parser = new library.Parser();
    parser.setLanguage(language);
    parsers.set(grammar, { parser, language });
    return { parser, language };
  }

  return {
    parse(grammar, text) {
      const tree = parserOf(grammar).parser.parse(text);
      if (!tree) throw new Error('tree-sitter gave up');
      return tree;
    },
    firstMisfit(grammar, text) {
      const { parser, language } = parserOf(grammar);
      let state = 0;
      let place = { row: 0, column: 0 };
      let found: (Misfit & { state: number }) | undefined;
      let isOver = false;
      // The only thing that says where the parser failed: in the tree, an error begins where what
      // had to be given up begins, which may be the top of the file.
      parser.setLogger((message, isLexing) => {
        if (isLexing || isOver) return;
        const process =
          /^process version:\d+, version_count:\d+, state:(\d+), row:(\d+), col:(\d+)/;
        const match = process.exec(message);
        if (match) {
          state = Number(match[1]);
          // The text is UTF-16 there, and the column in bytes.
          place = { row: Number(match[2]), column: Number(match[3]) / 2 };
        } else if (message.startsWith('shift state:')) {
          state = Number(message.slice('shift state:'.length));
        } else if (message.startsWith('detect_error lookahead:')) {
          // Of several ways to read the text, the one that got furthest is what was meant.
          if (found && isBefore(place, found)) return;
          const symbol = message.slice('detect_error lookahead:'.length);
          found = { ...place, symbol, state, admits: () => false };
        } else if (message.startsWith('resume version:')) {
          isOver = true;
        }
      });
      try {
        parser.parse(text, null, { progressCallback: () => isOver })?.delete();
      } finally {
        parser.setLogger(null);
        parser.reset();
      }
      if (!found) return undefined;
      const admitted = symbolsIn(language, found.state);
      return { ...found, admits: (symbol) => admitted.has(symbol) };
    },
    firstCapture(grammar, tree, text) {
      const query = queries.get(text) ?? new library.Query(parserOf(grammar).language, text);
      queries.set(text, query);
      let first: number | undefined;
      for (const { node } of query.captures(tree.rootNode)) {
        if (first === undefined || node.startIndex < first) first = node.startIndex;
      }
      return first;
    },
    bytes: () => wasmMemory.buffer.byteLength,
    close() {
      for (const query of queries.values()) query.delete();
      queries.clear();
      for (const { parser } of parsers.values()) parser.delete();
      parsers.clear();
    },
  };
}

function isBefore(a: { row: number; column: number }, b: { row: number; column: number }): boolean {
  return a.row < b.row || (a.row === b.row && a.column < b.column);
}

function symbolsIn(language: Language, state: number): Set<string> {
  const iterator = language.lookaheadIterator(state);
  if (!iterator) return new Set();
  try {
    return new Set(iterator);
  } finally {
    iterator.delete();
  }
}
