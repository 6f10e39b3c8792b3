import type { DefinitionKind } from '@borgos/contracts/search';

/** A function, class, type or heading in a file; lines from 1. */
export interface FoundDefinition {
  name: string;
  kind: DefinitionKind;
  /** Where its name stands: below its comments and decorators. */
  line: number;
  endLine: number;
}

/** A piece of a file: at most 60 lines, all of one definition or of none. */
export interface Chunk {
  /** The first and the last line. */
  start: number;
  end: number;
  /** One object for all chunks of a definition. */
  definition: FoundDefinition | null;
}
