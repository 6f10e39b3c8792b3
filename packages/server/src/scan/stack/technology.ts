/** The order in which technologies are named: what a project is written in comes first. */
export const technologyGroups = ['language', 'framework', 'database', 'tool'] as const;
export type TechnologyGroup = (typeof technologyGroups)[number];

/** What a technology says about the kind of a project that has it. */
export type Role =
  /** Pages that a browser renders. */
  | 'frontend'
  /** A server with pages of its own. */
  | 'fullstack'
  /** Answers requests. */
  | 'server'
  | 'mobile'
  | 'desktop'
  /** Moves or examines data; a model is learned. */
  | 'data'
  | 'infra'
  /** Reads a command line. */
  | 'cli'
  /** Works in the background. */
  | 'worker'
  /** Makes pages once, that need no server. */
  | 'static';

/**
 * One technology and what gives it away. Lists are separated by spaces.
 * `from`: `<ecosystem>:<package>`, `image:<last part of its name>`, `plugin:<id>`; a `*` at the end
 * stands for anything. `files`: `name`, `*.extension`, `stem.*`, and `folder/` anywhere in a path.
 */
export interface Technology {
  readonly name: string;
  readonly from?: string;
  readonly files?: string;
  readonly role?: Role;
  /** What one cannot have it without. */
  readonly implies?: string;
  /** What only tests need says nothing about the project. */
  readonly runtime?: boolean;
}
