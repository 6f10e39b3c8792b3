/** Why a manifest cannot be read: never leaves this folder. */
export class ManifestFault extends Error {
  readonly line: number | null;

  /** `line` counts from 1. */
  constructor(message: string, line: number | null = null) {
    super(message);
    this.line = line;
  }
}

export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
