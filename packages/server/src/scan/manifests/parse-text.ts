import { type ParseError, parse as parseJsonc, printParseErrorCode } from 'jsonc-parser';
import { parse as parseTomlText, TomlError } from 'smol-toml';
import { parseDocument } from 'yaml';
import { lineAt, ManifestFault } from './manifest-fault.ts';

/** The parser needs a second for a megabyte of nothing but brackets. */
const MAX_YAML = 256 * 1024;
/** Each one is looked for in the whole document. */
const MAX_ALIASES = 500;
const MAX_TOML = 2 * 1024 * 1024;

/** @throws ManifestFault */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    const position = /at position (\d+)/.exec(said)?.[1];
    const end = text.trimEnd().length;
    // V8 names no position when the text ends too soon.
    const offset = Math.min(end, position === undefined ? end : Number(position));
    throw new ManifestFault('is not valid JSON', lineAt(text, offset));
  }
}

/** JSON with comments and commas before a closing bracket. @throws ManifestFault */
export function parseJsonWithComments(text: string): unknown {
  const errors: ParseError[] = [];
  let value: unknown;
  try {
    value = parseJsonc(text, errors, { allowTrailingComma: true, disallowComments: false });
  } catch (error) {
    if (error instanceof RangeError) throw new ManifestFault('is nested too deeply');
    throw error;
  }
  const [first] = errors;
  if (!first) return value;
  const what = printParseErrorCode(first.error);
  throw new ManifestFault(`is not valid JSON: ${what}`, lineAt(text, first.offset));
}

/** @throws ManifestFault */
export function parseToml(text: string): unknown {
  if (text.length > MAX_TOML) throw new ManifestFault(`is larger than ${MAX_TOML} characters`);
  try {
    return parseTomlText(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw new ManifestFault('is not valid TOML');
    const said = error.message.split('\n', 1)[0]?.replace('Invalid TOML document: ', '');
    throw new ManifestFault(`is not valid TOML: ${said}`, error.line);
  }
}

/** One document, its merge keys applied. Bombs of aliases are refused. @throws ManifestFault */
export function parseYaml(text: string): unknown {
  if (text.length > MAX_YAML) throw new ManifestFault(`is larger than ${MAX_YAML} characters`);
  if ((text.match(/(?<=^|[\s,[{-])\*\S/gm)?.length ?? 0) > MAX_ALIASES) {
    throw new ManifestFault(`has more than ${MAX_ALIASES} aliases`);
  }
  const document = parseDocument(text, {
    merge: true,
    logLevel: 'silent',
    prettyErrors: false,
    uniqueKeys: false,
  });
  const [fault] = document.errors;
  if (fault) {
    const said = fault.message.startsWith('Maximum call stack')
      ? 'it is nested too deeply'
      : fault.message;
    throw new ManifestFault(`is not valid YAML: ${said}`, lineAt(text, fault.pos[0]));
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    throw new ManifestFault('is not valid YAML: its aliases cannot be resolved');
  }
}
