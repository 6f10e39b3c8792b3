import { parse, TomlError } from 'smol-toml';
import type { z } from 'zod';
import { ReleaseFailure } from '../../errors.ts';

export const ownSettingsFile = 'borgos.json';

/** A manifest that can't be used: names the file, the fault and where it is. */
export function brokenManifest(file: string, fault: string, cause?: unknown): ReleaseFailure {
  // Nothing comes before what the project says itself.
  const remedy = file.endsWith(ownSettingsFile)
    ? 'Correct it.'
    : 'Correct it, or add a Dockerfile, which comes before it.';
  return new ReleaseFailure('STACK_NOT_FOUND', `${file} can't be used: ${fault}. ${remedy}`, {
    cause,
  });
}

/** JSON that fits a schema. Throws `ReleaseFailure` STACK_NOT_FOUND naming the line of a fault. */
export function parseJsonManifest<S extends z.ZodType>(
  file: string,
  text: string,
  schema: S,
): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw brokenManifest(file, `line ${lineOf(said, text)} is not valid JSON`, error);
  }
  return fit(file, value, schema);
}

/** The same for TOML. */
export function parseTomlManifest<S extends z.ZodType>(
  file: string,
  text: string,
  schema: S,
): z.output<S> {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw brokenManifest(file, 'it is not valid TOML', error);
    throw brokenManifest(file, `line ${error.line} is not valid TOML`, error);
  }
  return fit(file, value, schema);
}

/** V8 gives the position of a fault, but not when the text ends too soon. */
function lineOf(said: string, text: string): number {
  const position = /at position (\d+)/.exec(said)?.[1];
  const before = position === undefined ? text.trimEnd() : text.slice(0, Number(position));
  return before.split('\n').length;
}

function fit<S extends z.ZodType>(file: string, value: unknown, schema: S): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue?.path.map(String).join('.');
  throw brokenManifest(file, `${place || 'the whole'}: ${issue?.message}`, result.error);
}
