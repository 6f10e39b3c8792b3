import type { BrokenManifest, Manifest } from '../manifests/manifest.ts';

export interface StackInput {
  /** Paths relative to the project, with slashes. */
  readonly files: readonly string[];
  readonly manifests: readonly (Manifest | BrokenManifest)[];
  /** Languages as the line counter names them, with their lines of code. */
  readonly languages: readonly { readonly name: string; readonly code: number }[];
  /** What is in a file of the project; `null` where it is too large, or cannot be read. */
  readonly read: (path: string) => Buffer | null;
}

export interface Evidence {
  readonly technology: string;
  /** `null` where the lines of code tell it. */
  readonly file: string | null;
}
