import { parentPort } from 'node:worker_threads';
import { isBroken } from '../index/schema.ts';
import { createTerms } from '../text/terms.ts';
import type { AskAnswer, AskRequest, CodeFound, SymbolsFound } from './ask-request.ts';
import { findLines } from './find-lines.ts';
import { findSymbols } from './find-symbols.ts';
import { findWords } from './find-words.ts';
import { createOpenIndexes } from './open-indexes.ts';

// A thread of its own, as SQLite and the reading of files make who asks wait; and because a pattern
// that never ends can be ended only with its thread.
const indexes = createOpenIndexes();
const terms = createTerms();

parentPort?.on('message', (request: AskRequest) => {
  parentPort?.postMessage(answer(request));
});

function answer(request: AskRequest): AskAnswer {
  try {
    return { kind: 'found', found: find(request) };
  } catch (error) {
    indexes.close(request.indexFile);
    if (!isBroken(error)) return { kind: 'failed', error };
    return { kind: 'broken', reason: error instanceof Error ? error.message : String(error) };
  }
}

function find(request: AskRequest): CodeFound | SymbolsFound {
  const index = indexes.get(request.indexFile);
  if (request.kind === 'symbols') {
    return index ? findSymbols(request, index, terms) : { symbols: [], total: 0 };
  }
  const { literals, regexes } = request.query;
  if (literals.length + regexes.length > 0) return findLines(request, index, terms);
  if (!index) return { hits: [], truncated: false, incomplete: 'there is no index yet' };
  return findWords(request, index, terms);
}
