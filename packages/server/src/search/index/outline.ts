import { type DefinitionKind, definitionKind } from '@borgos/contracts/search';
import type { Chunk, FoundDefinition } from '../chunks/chunk.ts';

/** A kind is kept as its number in here. */
const definitionKinds = definitionKind.options;

/**
 * The chunks of a file as they are kept beside it: a line each, of how many lines it has and, if it is
 * of a definition, how far below its first line that begins, how many lines that has, its kind and name.
 */
export function writeOutline(chunks: readonly Chunk[]): string {
  return chunks
    .map(({ start, end, definition }) => {
      const size = (end - start + 1).toString(36);
      if (!definition) return size;
      const { name, kind, line, endLine } = definition;
      const offset = (line - start).toString(36);
      const lines = (endLine - line + 1).toString(36);
      return `${size} ${offset} ${lines} ${definitionKinds.indexOf(kind).toString(36)} ${name}`;
    })
    .join('\n');
}

export function readOutline(outline: string): Chunk[] {
  let start = 1;
  let last: FoundDefinition | null = null;
  if (outline === '') return [];
  return outline.split('\n').map((text) => {
    const [size = '1', offset, lines = '1', kind = '0', ...name] = text.split(' ');
    const end = start + Number.parseInt(size, 36) - 1;
    let definition: FoundDefinition | null = null;
    if (offset !== undefined) {
      const line = start + Number.parseInt(offset, 36);
      definition = {
        name: name.join(' '),
        kind: definitionKinds[Number.parseInt(kind, 36)] as DefinitionKind,
        line,
        endLine: line + Number.parseInt(lines, 36) - 1,
      };
      // Several chunks of one definition share it.
      if (last && last.line === line && last.name === definition.name) definition = last;
    }
    last = definition;
    const chunk: Chunk = { start, end, definition };
    start = end + 1;
    return chunk;
  });
}
