import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { countLines, type LineCount } from '../packages/server/src/scan/lines/count-lines.ts';
import type { Language } from '../packages/server/src/scan/lines/language.ts';
import { languageOf } from '../packages/server/src/scan/lines/language-of.ts';
import { createTally, type Tally } from '../packages/server/src/scan/lines/tally.ts';
import { countWithTokenizer } from '../packages/server/src/scan/lines/testing/python-line-counts.ts';

/**
 * Lines of code against cloc, on source trees of this machine or on those named:
 * `node bench/lines.ts [--worst 20] directory…`. Python is compared with its own tokenizer: to cloc every
 * string in triple quotes is a comment. Without cloc only the speed is told.
 */
const TREES = [
  join(import.meta.dirname, '../node_modules/typescript'),
  join(import.meta.dirname, '../node_modules/zod'),
  join(import.meta.dirname, '../node_modules/fastify'),
  '/usr/local/go/src',
  '/usr/lib/python3',
  '/usr/include',
  '/usr/share/perl',
];
const HEAD = 16_384;
const CLOC_TIME = 1_800_000;

interface Lines {
  readonly code: number;
  readonly comment: number;
  readonly blank: number;
}

interface Compared {
  files: number;
  exact: number;
  ours: number;
  theirs: number;
}

type ClocFile = Lines & { readonly language: string };

interface Counted {
  readonly files: ReadonlyMap<string, { language: Language; lines: LineCount }>;
  readonly tally: Tally;
  readonly bytes: number;
  readonly seconds: number;
  /** In countLines alone. */
  readonly counting: number;
}

const run = promisify(execFile);
await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  const worst = args[0] === '--worst' ? Number(args[1]) : 0;
  const named = args[0] === '--worst' ? args.slice(2) : args;
  const trees = named.length > 0 ? named : TREES.filter((tree) => existsSync(tree));
  const byLanguage = new Map<string, Compared>();
  const all: Compared = { files: 0, exact: 0, ours: 0, theirs: 0 };
  const different: { path: string; language: string; by: number }[] = [];
  for (const tree of trees) {
    // Once through before anything is timed: else whoever comes first pays for reading the disk.
    count(tree);
    const counted = count(tree);
    const speed = `${megabytes(counted.bytes / counted.counting)} counting, ${megabytes(counted.bytes / counted.seconds)} with walking and reading`;
    console.log(`\n${tree}: ${counted.files.size} files, ${speed}`);
    const cloc = await countWithCloc(tree);
    if (!cloc) {
      console.log('  cloc is not on this machine: apt-get install cloc');
      continue;
    }
    console.log(`  cloc takes ${(cloc.seconds / counted.seconds).toFixed(1)} times as long`);
    const truth = await withTokenizer(cloc.files, counted);
    const here: Compared = { files: 0, exact: 0, ours: 0, theirs: 0 };
    for (const [path, theirs] of truth) {
      const ours = counted.files.get(path);
      if (!ours) continue;
      const name = ours.language.name;
      const group = byLanguage.get(name) ?? { files: 0, exact: 0, ours: 0, theirs: 0 };
      byLanguage.set(name, group);
      const isExact = ours.lines.code === theirs.code && ours.lines.comment === theirs.comment;
      for (const sum of [group, here, all]) {
        sum.files += 1;
        sum.exact += isExact ? 1 : 0;
        sum.ours += ours.lines.code;
        sum.theirs += theirs.code;
      }
      if (!isExact) different.push({ path, language: name, by: ours.lines.code - theirs.code });
    }
    console.log(`  ${describe(here)}`);
  }
  if (all.files === 0) return;
  console.log(`\nall: ${describe(all)}\n`);
  const rows = [...byLanguage].toSorted(
    (a, b) => b[1].files - b[1].exact - a[1].files + a[1].exact,
  );
  for (const [name, group] of rows.slice(0, 15))
    console.log(`${name.padEnd(24)} ${describe(group)}`);
  for (const { path, language, by } of different
    .toSorted((a, b) => Math.abs(b.by) - Math.abs(a.by))
    .slice(0, worst)) {
    console.log(`${by > 0 ? '+' : ''}${by} ${language} ${path}`);
  }
}

function describe({ files, exact, ours, theirs }: Compared): string {
  const share = ((100 * exact) / Math.max(1, files)).toFixed(2);
  const off = (100 * ours) / Math.max(1, theirs) - 100;
  return `${share} % of ${files} files exact, code ${ours} against ${theirs} (${off.toFixed(2)} %)`;
}

function megabytes(bytesPerSecond: number): string {
  return `${(bytesPerSecond / 1e6).toFixed(0)} MB/s`;
}

function count(tree: string): Counted {
  const begun = performance.now();
  const files: Map<string, { language: Language; lines: LineCount }> = new Map();
  const tally = createTally();
  let bytes = 0;
  let counting = 0;
  const folders = [tree];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && entry.name !== '.git') folders.push(path);
      if (!entry.isFile()) continue;
      const content = readFileSync(path);
      const language = languageOf(path, content.subarray(0, HEAD));
      if (!language) continue;
      const from = performance.now();
      const lines = countLines(content, language);
      counting += performance.now() - from;
      bytes += content.length;
      files.set(path, { language, lines });
      tally.add(language, lines);
    }
  }
  const seconds = (performance.now() - begun) / 1_000;
  return { files, tally: tally.result(), bytes, seconds, counting: counting / 1_000 };
}

async function countWithCloc(
  tree: string,
): Promise<{ files: Map<string, ClocFile>; seconds: number } | undefined> {
  const begun = performance.now();
  const options = ['--by-file', '--json', '--skip-uniqueness', '--quiet'];
  try {
    const { stdout } = await run('cloc', [...options, tree], {
      maxBuffer: 1e9,
      timeout: CLOC_TIME,
    });
    const { header: _, SUM: __, ...files } = JSON.parse(stdout) as Record<string, ClocFile>;
    return {
      files: new Map(Object.entries(files)),
      seconds: (performance.now() - begun) / 1_000,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`cloc could not count ${basename(tree)}`, { cause: error });
  }
}

/** What cloc says, but of Python what Python says; what neither reads is left out. */
async function withTokenizer(
  files: Map<string, ClocFile>,
  counted: Counted,
): Promise<Map<string, Lines>> {
  const python = [...files.keys()].filter(
    (path) => counted.files.get(path)?.language.name === 'Python',
  );
  const truth = new Map<string, Lines>(files);
  const lines = python.length > 0 ? await countWithTokenizer(python) : [];
  for (const [index, path] of python.entries()) {
    const found = lines?.[index];
    if (found) truth.set(path, found);
    else truth.delete(path);
  }
  return truth;
}
