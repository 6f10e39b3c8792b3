import { basename } from 'node:path/posix';
import { ambiguousExtensions } from './ambiguous-extensions.ts';
import { decodeText, isBinary } from './decode-text.ts';
import type { Language } from './language.ts';
import { languages } from './languages.ts';

/** As much of a file as decides between languages that share an extension. */
const HEAD = 16_384;
/** Programs are named in a `#!` line of at most this length. */
const MAX_SHEBANG = 200;
/** Not counted though their first line or extension may look so: prose without a form of its own. */
const NOT_CODE = new Set(
  'AUTHORS BUGS COPYING Changelog ChangeLog CHANGES Changes FAQ INSTALL LICENSE MAINTAINERS NEWS README TODO'.split(
    ' ',
  ),
);
/** `Dockerfile.dev` */
const NAMES_WITH_SUFFIX = ['Dockerfile', 'Containerfile'];

const byName = index((language) => language.fileNames);
const byExtension = index((language) => language.extensions);
const byInterpreter = index((language) => language.interpreters);
const byLanguageName = index((language) => [language.name]);

function index(keys: (language: Language) => readonly string[] | undefined): Map<string, Language> {
  return new Map(
    languages.flatMap((language) => (keys(language) ?? []).map((key) => [key, language])),
  );
}

/**
 * The language that a file is written in, from its name and, where that does not say it, its begin.
 * Null for what is not counted: binaries, and what nobody knows. `head`: the file's first 16 KB or
 * more; the path has slashes.
 */
export function languageOf(path: string, head: Buffer): Language | null {
  const name = basename(path);
  if (NOT_CODE.has(name) || name.endsWith('~') || isBinary(head)) return null;
  return byFileName(name, head) ?? byFirstLine(head);
}

function byFileName(name: string, head: Buffer): Language | null {
  const exact = byName.get(name);
  if (exact) return exact;
  for (const extension of extensionsOf(name)) {
    for (const spelling of new Set([extension, extension.toLowerCase()])) {
      const decide = ambiguousExtensions.get(spelling);
      if (decide) return byLanguageName.get(decide(text(head), name) ?? '') ?? null;
      const language = byExtension.get(spelling);
      if (language) return language;
    }
  }
  const stem = NAMES_WITH_SUFFIX.find((prefix) => name.startsWith(`${prefix}.`));
  return stem ? (byName.get(stem) ?? null) : null;
}

/** The longest first: `blade.php` before `php`. */
function extensionsOf(name: string): string[] {
  const parts = name.split('.').slice(1).slice(-3);
  return parts.map((_, index) => parts.slice(index).join('.'));
}

function byFirstLine(head: Buffer): Language | null {
  const line = head.subarray(0, MAX_SHEBANG).toString('latin1').split('\n', 1)[0] ?? '';
  if (line.startsWith('#!')) return byInterpreter.get(interpreterOf(line)) ?? null;
  return /^(?:\xef\xbb\xbf)?<\?xml\s/.test(line) ? (byExtension.get('xml') ?? null) : null;
}

/** `#!/usr/bin/env -S python3.11 -u` → `python` */
function interpreterOf(line: string): string {
  const words = line.slice(2).trim().split(/\s+/);
  const program = basename(words[0] ?? '');
  const isEnv = program === 'env';
  const name = isEnv
    ? basename(words.slice(1).find((word) => !word.startsWith('-') && !word.includes('=')) ?? '')
    : program;
  return byInterpreter.has(name) ? name : name.replace(/[\d.-]+$/, '');
}

function text(head: Buffer): string {
  return decodeText(head.subarray(0, HEAD)).toString('latin1');
}
