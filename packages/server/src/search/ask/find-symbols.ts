import type { Chunk, FoundDefinition } from '../chunks/chunk.ts';
import { readOutline } from '../index/outline.ts';
import { mostChunksOfFile } from '../index/schema.ts';
import type { Terms } from '../text/terms.ts';
import type { FoundSymbol, SymbolRequest, SymbolsFound } from './ask-request.ts';
import { findFileById, type IndexedFile, readCurrent } from './indexed-file.ts';
import type { OpenIndex } from './open-indexes.ts';

/** So many are looked at, of those whose name may fit. */
const mostLooked = 50_000;

interface Place {
  file: IndexedFile;
  definition: FoundDefinition;
}

/** The functions, classes and types of a project: by name where one is asked for, else by place. */
export function findSymbols(request: SymbolRequest, index: OpenIndex, terms: Terms): SymbolsFound {
  const { query, limit, offset, directory } = request;
  const isNamed = query.trim() !== '';
  const places = isNamed ? byName(request, index, terms) : byPlace(request, index);
  let total = 0;
  const page: Place[] = [];
  for (const place of places) {
    if (total >= offset && page.length < limit) page.push(place);
    total += 1;
  }
  return { symbols: page.flatMap((place) => asSymbol(place, directory)), total };
}

/** Where it is now: the index may be a moment behind the file. */
function asSymbol({ file, definition }: Place, directory: string): FoundSymbol[] {
  const current = readCurrent(directory, file);
  if (!current) return [];
  const now = current.hasChanged
    ? current.chunks
        .flatMap((chunk) => chunk.definition ?? [])
        .filter(({ name, kind }) => name === definition.name && kind === definition.kind)
        .sort((a, b) => Math.abs(a.line - definition.line) - Math.abs(b.line - definition.line))[0]
    : definition;
  if (!now) return [];
  const { name, kind, line, endLine } = now;
  return [{ name, kind, path: file.path, line, endLine }];
}

function* byPlace({ definitionKind }: SymbolRequest, index: OpenIndex): Generator<Place> {
  for (const { id } of index
    .prepare('select id from files where definitions > 0 order by path')
    .all()) {
    const file = findFileById(index, Number(id));
    if (!file) continue;
    for (const definition of definitionsOf(file)) {
      if (fits(definition, definitionKind)) yield { file, definition };
    }
  }
}

/** The best first: the very name, then one that begins so, then the shorter one. */
function byName({ query, definitionKind }: SymbolRequest, index: OpenIndex, terms: Terms): Place[] {
  const words = terms.ofText(query).map(({ text }) => text);
  if (words.length === 0) return [];
  const match = words
    .map(
      (text, at) => `name : "${text.replaceAll('"', '""')}"${at === words.length - 1 ? ' *' : ''}`,
    )
    .join(' AND ');
  const rows = index
    .prepare(`select rowid from words where words match ? limit ${mostLooked}`)
    .all(match);
  const files = new Map<number, { file: IndexedFile; chunks: Chunk[] } | undefined>();
  const found = new Map<string, Place>();
  for (const { rowid } of rows) {
    const id = Math.floor(Number(rowid) / mostChunksOfFile);
    if (!files.has(id)) {
      const file = findFileById(index, id);
      files.set(id, file && { file, chunks: readOutline(file.outline) });
    }
    const known = files.get(id);
    const definition = known?.chunks[Number(rowid) % mostChunksOfFile]?.definition;
    if (!known || !definition || !fits(definition, definitionKind)) continue;
    found.set(`${id}:${definition.line}`, { file: known.file, definition });
  }
  const wanted = query.trim().toLowerCase();
  const worth = ({ definition: { name }, file }: Place) => {
    const lower = name.toLowerCase();
    const closeness =
      lower === wanted ? 0 : lower.startsWith(wanted) ? 1 : lower.includes(wanted) ? 2 : 3;
    return closeness * 2_000 + (file.isTest ? 1_000 : 0) + Math.min(999, name.length);
  };
  return [...found.values()].sort(
    (a, b) =>
      worth(a) - worth(b) ||
      (a.file.path < b.file.path ? -1 : 1) ||
      a.definition.line - b.definition.line,
  );
}

function definitionsOf(file: IndexedFile): Set<FoundDefinition> {
  const all = readOutline(file.outline).flatMap(({ definition }) => definition ?? []);
  return new Set([...new Map(all.map((definition) => [definition.line, definition])).values()]);
}

/** Headings of documents are none. */
function fits({ kind }: FoundDefinition, wanted: string | null): boolean {
  return wanted === null ? kind !== 'section' : kind === wanted;
}
