import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createProjectWatch } from '../packages/server/src/scan/watch/project-watch.ts';

/**
 * What it costs to watch projects: `node --expose-gc bench/watch.ts [directories] [idle seconds]`,
 * 5,000 and 10 if nothing is said.
 */
const [directories = 5_000, idleSeconds = 10] = process.argv.slice(2).map(Number);
const ofProject = 1_000;
const writes = 5_000;
const longestWait = 10_000;

const temporary = realpathSync(mkdtempSync(path.join(tmpdir(), 'borgos-watch-')));
const calls: number[] = [];
let longestSet = 0;
const watching = createProjectWatch({
  onChange: (projectId) => calls.push(projectId),
  log: { warn: (_, message) => console.log(message) },
  limits: { directories: 2 * directories, directoriesOfProject: 2 * ofProject },
  debounceMs: 200,
});
try {
  const projects = makeProjects();
  const rows: Record<string, Row> = {};
  rows['first set'] = await measure(() => setAll(projects));
  rows['set again'] = await measure(() => setAll(projects));
  const idle = process.cpuUsage();
  await wait(idleSeconds * 1_000);
  const { user, system } = process.cpuUsage(idle);
  rows[`${writes} writes`] = await measure(() => writeMany(projects[0]?.root ?? temporary));
  rows.remove = await measure(async () => {
    for (const id of watching.watched.keys()) watching.remove(id);
    await wait(500);
  });
  console.log(`${directories} directories in ${projects.length} projects`);
  console.table(rows);
  console.log(`longest call of set: ${longestSet.toFixed(1)} ms`);
  console.log(`idle for ${idleSeconds} s: ${(user + system) / 1_000} ms of CPU`);
  console.log(`announced for the writes: ${calls.length}`);
} finally {
  watching.close();
  rmSync(temporary, { recursive: true, force: true });
}

interface Row {
  'time, ms': number;
  'CPU, ms': number;
  'longest block, ms': number;
  'heap, MB': number;
  'RSS, MB': number;
}

interface Project {
  root: string;
  paths: string[];
  files: Set<string>;
}

function makeProjects(): Project[] {
  const count = Math.ceil(directories / ofProject);
  return Array.from({ length: count }, (_, project) => {
    const root = path.join(temporary, `project-${project}`);
    const rest = Math.min(ofProject, directories - project * ofProject);
    const paths = Array.from({ length: rest }, (_, number) =>
      number === 0 ? '' : `part-${number % 30}/module-${number}`,
    );
    for (const relative of paths) mkdirSync(path.join(root, relative), { recursive: true });
    const files = new Set(paths.map((relative) => path.posix.join(relative, 'index.ts')));
    for (const file of files) writeFileSync(path.join(root, file), '');
    return { root, paths, files };
  });
}

async function setAll(projects: Project[]): Promise<void> {
  for (const [id, project] of projects.entries()) {
    const started = performance.now();
    watching.set(id, { ...project, gitDirectory: null });
    longestSet = Math.max(longestSet, performance.now() - started);
  }
  // What is set last is done last.
  const last = projects.length;
  watching.remove(last);
  watching.set(last, { root: temporary, paths: [''], files: null, gitDirectory: null });
  const deadline = performance.now() + longestWait;
  while (watching.watched.get(last)?.directories !== 1) {
    await wait(1);
    if (performance.now() > deadline) throw new Error('the directories are not watched in time');
  }
}

/** In another process, so that only what it costs to hear of it is measured. */
async function writeMany(root: string): Promise<void> {
  const script = `for (let n = 0; n < ${writes}; n++) require('node:fs').writeFileSync('new-' + n, 'text')`;
  await promisify(execFile)(process.execPath, ['-e', script], { cwd: root, timeout: longestWait });
  const deadline = performance.now() + longestWait;
  while (calls.length === 0 && performance.now() < deadline) await wait(10);
}

async function measure(work: () => Promise<unknown>): Promise<Row> {
  globalThis.gc?.();
  const before = process.memoryUsage();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work();
  const time = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  globalThis.gc?.();
  const after = process.memoryUsage();
  const megabytes = (bytes: number) => Number((bytes / 1e6).toFixed(1));
  return {
    'time, ms': Math.round(time),
    'CPU, ms': Math.round((user + system) / 1_000),
    'longest block, ms': Number((delay.max / 1e6).toFixed(1)),
    'heap, MB': megabytes(after.heapUsed - before.heapUsed),
    'RSS, MB': megabytes(after.rss - before.rss),
  };
}
