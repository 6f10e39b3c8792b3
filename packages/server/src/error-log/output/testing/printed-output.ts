import { readFileSync } from 'node:fs';

/**
 * What programs printed, captured from them (that of .NET is from its documentation), by name.
 *
 * @param file one of those in printed/, without its ending
 */
export function printedOutput(file: string): Map<string, string> {
  const text = readFileSync(new URL(`printed/${file}.txt`, import.meta.url), 'utf8');
  const parts = text.split(/^=== (.*)\n/m).slice(1);
  const outputs = new Map<string, string>();
  for (let index = 0; index < parts.length; index += 2) {
    outputs.set(parts[index] as string, parts[index + 1] as string);
  }
  return outputs;
}
