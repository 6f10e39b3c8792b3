import type { FileFaults } from './faults/find-faults.ts';
import type { ReadFile } from './file-memory.ts';
import { countLines } from './lines/count-lines.ts';
import { isGenerated } from './lines/is-generated.ts';
import { languageOf } from './lines/language-of.ts';
import { isManifestFile, readManifest } from './manifests/read-manifest.ts';

const mostTodoLines = 20;
const todo = /\b(?:TODO|FIXME|HACK|XXX)\b/;
/** Looked for in the bytes first, as most files have none. */
const todoWords = ['TODO', 'FIXME', 'HACK', 'XXX'];
const commentSign = /(?:\/\/|\/\*|^\s*\*|#|--|<!--|;|%)/;
/** Tests that stand beside the code in languages where that is usual. */
const inlineTests: Record<string, RegExp> = {
  Rust: /#\[cfg\(test\)\]/,
  Zig: /^\s*test\s+"/m,
};

export interface OpenedFile {
  /** Relative to the project. */
  path: string;
  /** In bytes, before it was read. */
  size: number;
  /** In milliseconds since 1970. */
  modified: number;
  content: Buffer;
  /** SHA-1 of the content. */
  hash: string;
}

/** Looks through one file's content, of which the hash and the faults are known. */
export function readFile(
  { path, size, modified, content, hash }: OpenedFile,
  { faults, total, syntax, note }: FileFaults,
): ReadFile {
  const language = languageOf(path, content.subarray(0, 16_384));
  const generated = language !== null && isGenerated(path, content);
  const isCode = language?.kind === 'programming' && !generated;
  return {
    size,
    modified,
    hash,
    language: language?.name ?? null,
    kind: language?.kind ?? null,
    lines: language && countLines(content, language),
    isGenerated: generated,
    isParsed: syntax === 'valid' || syntax === 'broken',
    skipped: syntax === 'skipped' ? note : null,
    faults,
    faultCount: total,
    ...(isCode ? findTodos(content) : { todoCount: 0, todoLines: [] }),
    hasTests: isCode && (inlineTests[language.name]?.test(content.toString('latin1')) ?? false),
    manifest: isManifestFile(path) ? readManifest(path, content) : null,
  };
}

function findTodos(content: Buffer): Pick<ReadFile, 'todoCount' | 'todoLines'> {
  const todoLines: number[] = [];
  let todoCount = 0;
  if (!todoWords.some((word) => content.includes(word))) return { todoCount, todoLines };
  for (const [index, line] of content.toString('latin1').split('\n').entries()) {
    const at = line.length > 2_000 ? -1 : line.search(todo);
    if (at < 0 || !commentSign.test(line.slice(0, at))) continue;
    todoCount += 1;
    if (todoLines.length < mostTodoLines) todoLines.push(index + 1);
  }
  return { todoCount, todoLines };
}
