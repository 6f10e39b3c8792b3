// What it costs to build an index of real source, and to ask it, beside ripgrep on the same files: one
// ripgrep after each question, so that both see the same machine.
//
//   node bench/search.ts <folder> [folder…]      (400 MB of source or more, to compare with the targets)
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { childProcessesOf } from '../packages/server/src/scan/testing/child-processes.ts';
import { walkProject } from '../packages/server/src/scan/walk/walk-project.ts';
import type { CodeRequest } from '../packages/server/src/search/ask/ask-request.ts';
import { findLines } from '../packages/server/src/search/ask/find-lines.ts';
import { findWords } from '../packages/server/src/search/ask/find-words.ts';
import { createOpenIndexes } from '../packages/server/src/search/ask/open-indexes.ts';
import { createIndexProcess } from '../packages/server/src/search/index/index-process.ts';
import { updateIndex } from '../packages/server/src/search/index/update-index.ts';
import { parseQuery } from '../packages/server/src/search/query/parse-query.ts';
import { findRipgrep } from '../packages/server/src/search/ripgrep-path.ts';
import { createTerms } from '../packages/server/src/search/text/terms.ts';
import { quantile } from './quantile.ts';

const source =
  /\.(?:py|[cm]?[jt]sx?|go|java|rs|c|h|cc|cpp|hpp|cs|rb|php|kt|swift|sh|md|json|ya?ml)$/;
const questions = 60;
/** Of Linux, for programs. */
const ticksASecond = 100;
const folders = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
if (folders.length === 0) throw new Error('name folders with source');
const folder = mkdtempSync(path.join(tmpdir(), 'borgos-bench-'));
const corpus = path.join(folder, 'corpus');
const file = path.join(folder, 'index.db');

try {
  const files = copySource();
  const megabytes = files.reduce((sum, { size }) => sum + size, 0) / 1e6;
  const build = await buildApart();
  console.log(`${files.length} files, ${megabytes.toFixed(0)} MB`);
  atLeast('MB/s built', megabytes / build.seconds, 5);
  console.log(`  (${(megabytes / build.cpuSeconds).toFixed(1)} MB for each second of one core)`);
  atMost('of the source is the index', build.bytes / 1e6 / megabytes, 0.75);
  atMost('MB of memory to build it', build.memoryMb, 512);
  ask(files.map((one) => one.path));
  atMost('MB of memory to ask it', process.memoryUsage.rss() / 1024 ** 2, 300);
  updateOne(files.map((one) => one.path));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function copySource(): { path: string; size: number }[] {
  return folders.flatMap((from, number) =>
    walkProject(from).paths.flatMap((name) => {
      const { size } = statSync(path.join(from, name));
      if (!source.test(name) || size > 1_000_000) return [];
      const copy = path.join(`${number}`, name);
      mkdirSync(path.dirname(path.join(corpus, copy)), { recursive: true });
      copyFileSync(path.join(from, name), path.join(corpus, copy));
      return [{ path: copy, size }];
    }),
  );
}

/** As the server does it: in a process of its own, whose memory is that of building alone. */
async function buildApart(): Promise<{
  seconds: number;
  cpuSeconds: number;
  bytes: number;
  memoryMb: number;
}> {
  const indexing = createIndexProcess();
  const { signal } = new AbortController();
  const start = performance.now();
  const request = { directory: corpus, file, isUnknown: false };
  const { bytes } = await indexing.run(request, { signal, onProgress: () => {} });
  const seconds = (performance.now() - start) / 1000;
  const [pid] = await childProcessesOf(process.pid, 'index-child');
  const [, peak] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15);
  await indexing.close();
  const cpuSeconds = (Number(user) + Number(system)) / ticksASecond;
  return { bytes, seconds, cpuSeconds, memoryMb: Number(peak) / 1024 };
}

function ask(paths: readonly string[]): void {
  const index = createOpenIndexes().get(file);
  const ripgrep = findRipgrep();
  if (!index || !ripgrep) throw new Error('there is no index, or no ripgrep');
  const terms = createTerms();
  const request = (text: string): CodeRequest => ({
    kind: 'code',
    projectId: 1,
    directory: corpus,
    indexFile: file,
    query: parseQuery(text),
    limit: 20,
    contextLines: 0,
    ripgrep,
    patienceMs: 10_000,
  });
  const samples = sample(paths);
  const grep = (...options: string[]) =>
    timed(() => {
      try {
        execFileSync(ripgrep, [...options, '--ignore-case', '--files-with-matches', '--', '.'], {
          cwd: corpus,
          stdio: ['ignore', 'ignore', 'ignore'],
        });
      } catch {
        // It found nothing.
      }
    });
  const literals: number[] = [];
  const greps: number[] = [];
  for (const { identifier } of samples) {
    literals.push(timed(() => findLines(request(`"${identifier}"`), index, terms)));
    greps.push(grep('--fixed-strings', '--regexp', identifier));
  }
  const patterns = samples.map(({ identifier }) =>
    timed(() => findLines(request(`/\\b${identifier.slice(0, 5)}\\w*\\s*\\(/`), index, terms)),
  );
  const words = samples.map(({ sentence }) =>
    timed(() => findWords(request(sentence), index, terms)),
  );
  tell('texts', literals, 10, 120);
  tell('ripgrep', greps);
  atLeast('times faster than ripgrep', quantile(greps, 0.5) / quantile(literals, 0.5), 5);
  tell('patterns', patterns, Number.POSITIVE_INFINITY, 150);
  tell('words', words, 60, 180);
}

/** The same questions each time, from all over the source; a licence at the head of each file is one. */
function sample(paths: readonly string[]): { identifier: string; sentence: string }[] {
  const found = new Map<string, string>();
  const step = Math.max(1, Math.floor(paths.length / (questions * 3)));
  for (let at = 0; at < paths.length && found.size < questions; at += step) {
    const text = readFileSync(path.join(corpus, paths[at] ?? ''), 'utf8');
    const identifier = oneOf(text.match(/\b[a-z_]\w{5,24}\b/gi) ?? [], at);
    const sentences = text.matchAll(/(?:\/\/|#|\*|""")\s*([A-Z][a-z]+(?: [a-z]+){3,9})/g);
    const sentence = oneOf(
      [...sentences].map((match) => match[1] ?? '').filter((one) => !found.has(one)),
      at,
    );
    if (identifier && sentence) found.set(sentence, identifier);
  }
  return [...found].map(([sentence, identifier]) => ({ sentence, identifier }));
}

/** Any, but the same each time. */
function oneOf<Item>(items: readonly Item[], seed: number): Item | undefined {
  return items[(seed * 7_919) % items.length];
}

function updateOne(paths: readonly string[]): void {
  const took: number[] = [];
  // The rest is not looked at: what a walk of everything costs is measured by bench/walk.ts.
  const few = path.join(folder, 'few');
  mkdirSync(few);
  for (const [number, name] of paths.filter((_, at) => at % 500 === 0).entries()) {
    copyFileSync(path.join(corpus, name), path.join(few, `${number}${path.extname(name)}`));
  }
  const request = { directory: few, file: path.join(folder, 'few.db'), isUnknown: false };
  updateIndex(request);
  const changed = path.join(few, '0.py');
  for (let round = 0; round < 30; round += 1) {
    const functions = Array.from(
      { length: 124 },
      (_, n) => `def f_${round}_${n}(x):\n    return x\n`,
    );
    writeFileSync(changed, functions.join('\n'));
    took.push(timed(() => updateIndex(request)));
  }
  tell('one file of 124 definitions updated', took, Number.POSITIVE_INFINITY, 100);
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function tell(what: string, values: number[], p50 = Number.POSITIVE_INFINITY, p95 = p50): void {
  const [middle, high] = [quantile(values, 0.5), quantile(values, 0.95)];
  const targets = [p50, p95]
    .map((target) => (Number.isFinite(target) ? `${target}` : '–'))
    .join(', ');
  const isMet = middle <= p50 && high <= p95;
  console.log(
    `  ${what}: p50 ${middle.toFixed(1)}, p95 ${high.toFixed(1)} ms (target ${targets}, ${isMet ? 'met' : 'MISSED'})`,
  );
  if (!isMet) process.exitCode = 1;
}

function atLeast(what: string, value: number, least: number): void {
  verdict(what, value, least, value >= least);
}

function atMost(what: string, value: number, most: number): void {
  verdict(what, value, most, value <= most);
}

function verdict(what: string, value: number, target: number, isMet: boolean): void {
  console.log(`  ${value.toFixed(2)} ${what} (target ${target}, ${isMet ? 'met' : 'MISSED'})`);
  if (!isMet) process.exitCode = 1;
}
