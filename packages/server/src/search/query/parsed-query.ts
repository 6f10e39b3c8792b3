/** What a person typed into the search field, taken apart. */
export interface ParsedQuery {
  /** As it was typed. */
  text: string;
  /** Natural language and identifiers, as typed, without what is below. */
  words: string[];
  /** From quotes: to be found as they are. */
  literals: string[];
  /** From slashes, without them. */
  regexes: string[];
  /** From `-word`: what a hit's line must not contain. */
  notWords: string[];
  /** From `lang:`, `path:`, `file:` and `project:`; with a leading `-` in the `not` list. */
  languages: Filter;
  paths: Filter;
  files: Filter;
  projects: Filter;
  /** From `case:yes`: literals and regexes tell upper from lower case. */
  caseSensitive: boolean;
}

/** One of `any`, if there are some, and none of `not`. */
export interface Filter {
  any: string[];
  not: string[];
}
