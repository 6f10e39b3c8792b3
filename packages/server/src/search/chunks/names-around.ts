import type { Chunk, FoundDefinition } from './chunk.ts';

/** For each chunk, the names of the definitions that its own lies in: of a method, its class. */
export function namesAround(chunks: readonly Chunk[]): string[] {
  const open: FoundDefinition[] = [];
  return chunks.map(({ start, definition }) => {
    const line = definition?.line ?? start;
    while (open.length > 0 && (open.at(-1)?.endLine ?? 0) < line) open.pop();
    const around = open.filter((outer) => outer !== definition && outer.line !== definition?.line);
    if (definition && open.at(-1)?.line !== definition.line) open.push(definition);
    return around.map(({ name }) => name).join(' ');
  });
}
