// How well syntax faults are found: files that are in order get one token or bracket deleted, doubled
// or added, and a compiler of the language, where there is one, says which of these are wrong, and on
// which line. Then how many files in order are called wrong, and how many are read a second.
//
//   node bench/syntax.ts [mutants of each language] [language=directory]...
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createFaultFinder,
  type Fault,
  type FaultFinder,
} from '../packages/server/src/scan/faults/find-faults.ts';
import { type Compiler, findCompilers } from './compilers.ts';

const wanted = Number(process.argv[2] ?? 300);
const folders = new Map(
  process.argv.slice(3).map((argument) => {
    const [language = '', folder = ''] = argument.split('=');
    return [language, folder];
  }),
);

interface Source {
  name: string;
  folder: string;
  pattern: string;
}

const sources: Source[] = [
  { name: 'python', folder: '/usr/lib/python3*', pattern: '**/*.py' },
  { name: 'javascript', folder: 'node_modules', pattern: '**/*.{js,cjs}' },
  { name: 'typescript', folder: 'packages', pattern: '**/*.ts' },
  { name: 'go', folder: '/usr/local/go/src', pattern: '**/*.go' },
  { name: 'java', folder: '', pattern: '**/*.java' },
  { name: 'rust', folder: '', pattern: '**/*.rs' },
  { name: 'c', folder: '/usr/include/linux', pattern: '**/*.{c,h}' },
  { name: 'cpp', folder: '/usr/include/c++', pattern: '**/*.{cc,cpp,h,hpp}' },
  { name: 'csharp', folder: '', pattern: '**/*.cs' },
  { name: 'ruby', folder: '', pattern: '**/*.rb' },
  { name: 'php', folder: '', pattern: '**/*.php' },
  { name: 'json', folder: 'node_modules', pattern: '**/*.json' },
  { name: 'toml', folder: '', pattern: '**/*.toml' },
  { name: 'yaml', folder: 'node_modules', pattern: '**/*.{yml,yaml}' },
  { name: 'xml', folder: '/usr/share', pattern: '**/*.{xml,svg}' },
];

const temporary = mkdtempSync(path.join(tmpdir(), 'borgos-bench-syntax-'));
const finder = createFaultFinder();
try {
  const compilers = findCompilers(temporary);
  const rows: Record<string, ReturnType<typeof measure>> = {};
  for (const source of sources) {
    const folder = folders.get(source.name) ?? source.folder;
    if (!folder) continue;
    await finder.prepare(['loads.go']);
    rows[source.name] = measure({ ...source, folder }, compilers[source.name]);
  }
  console.table(rows);
} finally {
  finder.close();
  rmSync(temporary, { recursive: true, force: true });
}

function measure({ name, folder, pattern }: Source, compile: Compiler | undefined) {
  const files = listFiles(folder, pattern);
  const read = readAll(finder, files);
  // Trees of compilers hold files that are meant to be wrong. C is known only with all its headers.
  const isKnown = compile && !['c', 'cpp'].includes(name);
  const mistaken = isKnown ? keepValid(read.wrong, compile) : read.wrong;
  if (process.env.VERBOSE) for (const { file } of mistaken) console.log('called wrong:', file);
  // Without a compiler, a bracket too many or too few is taken for a mistake, which in YAML it is not.
  const candidates = read.valid.filter(({ text }) => text.length < 60_000);
  const isJudged = compile !== undefined || name !== 'yaml';
  const valid = compile ? keepValid(sample(candidates, 200), compile) : isJudged ? candidates : [];
  const random = makeRandom(1);
  const mutants: { file: string; text: string; from: string }[] = [];
  for (let tries = 0; tries < wanted * 4 && mutants.length < wanted && valid.length > 0; tries++) {
    const source = valid[Math.floor(random() * valid.length)];
    const text = source && mutate(source.text, random, !compile);
    if (source && text !== undefined) mutants.push({ file: source.file, text, from: source.text });
  }
  const lines = compile?.(mutants);
  let wrong = 0;
  let detected = 0;
  let near = 0;
  let nearEither = 0;
  let onlyOurs = 0;
  for (const [index, { file, text, from }] of mutants.entries()) {
    const line = lines ? lines[index] : 0;
    const fault = finder
      .find(file, Buffer.from(text))
      .faults.find(({ type, severity }) => type === 'syntax' && severity === 'error');
    if (line === undefined) {
      if (fault) onlyOurs += 1;
      if (fault && process.env.VERBOSE) tell(from, text, 0, fault);
      continue;
    }
    wrong += 1;
    if (fault) detected += 1;
    const isNear = Math.abs((fault?.line ?? 0) - line) <= 1;
    if (fault && isNear) near += 1;
    if (fault && (isNear || Math.abs((fault.line ?? 0) - changedLine(from, text)) <= 1))
      nearEither += 1;
    else if (process.env.VERBOSE) tell(from, text, line, fault);
  }
  return {
    files: files.length,
    'called wrong': mistaken.length,
    'called wrong, %': percent(mistaken.length, files.length),
    'files/s': Math.round(files.length / read.seconds),
    'MB/s': Number((read.bytes / 1e6 / read.seconds).toFixed(1)),
    'wrong mutants': wrong,
    'detected, %': percent(detected, wrong),
    'line ±1 of the compiler, %': compile ? percent(near, detected) : '',
    'or of the change, %': percent(nearEither, detected),
    'wrong to us only': compile ? onlyOurs : '',
  };
}

function readAll(finder: FaultFinder, files: readonly string[]) {
  const valid: { file: string; text: string }[] = [];
  const wrong: { file: string; text: string }[] = [];
  let bytes = 0;
  const contents = files.map((file) => ({ file, content: readFileSync(file) }));
  const started = performance.now();
  for (const { file, content } of contents) {
    bytes += content.length;
    const { syntax } = finder.find(file, content);
    if (syntax === 'broken') wrong.push({ file, text: content.toString() });
    if (syntax === 'valid') valid.push({ file, text: content.toString() });
  }
  const seconds = (performance.now() - started) / 1000;
  return { valid, wrong, bytes, seconds };
}

function changedLine(from: string, text: string): number {
  const before = from.split('\n');
  return text.split('\n').findIndex((row, index) => row !== before[index]) + 1;
}

function tell(from: string, text: string, line: number, fault: Fault | undefined): void {
  const changed = changedLine(from, text);
  const found = fault ? `line ${fault.line}: ${fault.message}` : 'nothing';
  console.log(`\nchanged line ${changed}:`);
  for (const version of [from, text]) console.log(version.split('\n')[changed - 1]);
  console.log(`the compiler: line ${line}; found: ${found}`);
}

function keepValid(files: { file: string; text: string }[], compile: Compiler) {
  const lines = compile(files);
  return files.filter((_, index) => lines[index] === undefined);
}

function listFiles(folder: string, pattern: string): string[] {
  const found = globSync(`${folder}/${pattern}`).filter((file) => {
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats?.isFile() && stats.size > 200 && stats.size < 500_000;
  });
  return sample(found.toSorted(), 2000);
}

function sample<T>(values: readonly T[], most: number): T[] {
  const step = Math.max(1, values.length / most);
  const chosen: T[] = [];
  for (let at = 0; at < values.length; at += step) chosen.push(values[Math.floor(at)] as T);
  return chosen;
}

/** Deletes, doubles or adds one token. `undefined`: there is none to be found there. */
function mutate(text: string, random: () => number, isBracketOnly: boolean): string | undefined {
  const tokens = isBracketOnly ? /[()[\]{}]/g : /\w+|"[^"\n]*"|'[^'\n]*'|[^\s\w]/g;
  const from = Math.floor(random() * text.length);
  tokens.lastIndex = text.lastIndexOf('\n', from) + 1;
  const token = tokens.exec(text);
  if (!token) return undefined;
  const line = text.slice(text.lastIndexOf('\n', token.index) + 1, token.index);
  if (/["'`#*/\\]/.test(line)) return undefined;
  const end = token.index + token[0].length;
  const kind = random();
  if (kind < 0.4) return text.slice(0, token.index) + text.slice(end);
  if (kind < 0.6) return `${text.slice(0, end)} ${token[0]}${text.slice(end)}`;
  const brackets = '()[]{}';
  const added = brackets[Math.floor(random() * brackets.length)];
  return `${text.slice(0, end)} ${added} ${text.slice(end)}`;
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Number(((100 * part) / whole).toFixed(2));
}

/** The same numbers each time, so that two runs can be compared. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
