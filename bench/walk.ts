// How long the walk of a project takes, against `git ls-files -co --exclude-standard` on the same
// tree, one after the other in each round, and what one lists that the other does not. git only
// lists the names; the walk also has size and time of each file: how much of it that is, is told.
//
//   node bench/walk.ts [rounds] [directory in a repository]...
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { walkProject } from '../packages/server/src/scan/walk/walk-project.ts';
import { median } from './quantile.ts';

const rounds = Number(process.argv[2] ?? 7);
const directories = process.argv.slice(3);
const temporary = mkdtempSync(path.join(tmpdir(), 'borgos-bench-walk-'));
try {
  const rows: Record<string, ReturnType<typeof measure>> = {};
  if (directories.length > 0) {
    for (const directory of directories) rows[directory] = measure(directory);
  } else {
    for (const [files, atMost] of [
      [1_000, 2],
      [5_000, 2],
      [25_000, 2],
      [80_000, 5],
    ] as const) {
      for (const isTracked of [true, false]) {
        const tree = makeTree(files, isTracked);
        rows[`${files} ${isTracked ? 'tracked' : 'untracked'}, at most ${atMost}`] = measure(tree);
        rmSync(tree, { recursive: true });
      }
    }
  }
  console.table(rows);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

function measure(directory: string) {
  const ours: number[] = [];
  const gits: number[] = [];
  const stats: number[] = [];
  let found: string[] = [];
  let listed: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    const text = execFileSync('git', ['ls-files', '-coz', '--exclude-standard'], {
      cwd: directory,
      maxBuffer: 2 ** 30,
    });
    gits.push(performance.now() - started);
    const between = performance.now();
    found = walkProject(directory).paths;
    ours.push(performance.now() - between);
    const last = performance.now();
    for (const file of found) lstatSync(`${directory}/${file}`);
    stats.push(performance.now() - last);
    listed = text.toString().split('\0').slice(0, -1);
  }
  const known = new Set(found);
  const expected = new Set(
    listed.filter((file) =>
      lstatSync(path.join(directory, file), { throwIfNoEntry: false })?.isFile(),
    ),
  );
  return {
    files: found.length,
    missed: [...expected].filter((file) => !known.has(file)).length,
    extra: found.filter((file) => !expected.has(file)).length,
    'git, ms': Math.round(median(gits)),
    'walk, ms': Math.round(median(ours)),
    'of it size and time, ms': Math.round(median(stats)),
    'first walk, ms': Math.round(ours[0] ?? 0),
    ratio: Number((median(ours) / median(gits)).toFixed(2)),
    'at best': Number((Math.min(...ours) / Math.min(...gits)).toFixed(2)),
  };
}

/** Folders of 8 files in three levels, rules at the root and in some of them, and what is built. */
function makeTree(files: number, isTracked: boolean): string {
  const tree = mkdtempSync(path.join(temporary, 'tree-'));
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(tree, file)), { recursive: true });
    writeFileSync(path.join(tree, file), text);
  };
  execFileSync('git', ['init', '--quiet', tree]);
  write(
    '.gitignore',
    `${['o', 'a', 'so', 'pyc', 'log', 'tmp', 'swp', 'orig', 'rej'].map((end) => `*.${end}`).join('\n')}
node_modules/\n/dist/\n.cache\n*.py[cod]\n/docs/**/*.html\n!/docs/index.html\nvendor/*/generated\n*~\n`,
  );
  const extensions = ['ts', 'py', 'go', 'md', 'json', 'c', 'h', 'o'];
  for (let number = 0; number < files; number++) {
    const folder = Math.floor(number / 8);
    const where = `part${folder % 12}/module${folder % 160}/unit${folder}`;
    write(`${where}/file${number}.${extensions[number % 8]}`, '');
    if (number % 400 === 0) write(`${where}/.gitignore`, `generated-*\n!kept.o\n/local\n`);
    if (number % 20 === 0) write(`node_modules/package${number}/index.js`, '');
  }
  if (isTracked) execFileSync('git', ['add', '-A'], { cwd: tree });
  return tree;
}
