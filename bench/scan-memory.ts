// How much memory the scan of a very large project takes: of the server as a user starts it, and of
// the scan's process with it. The project is made of links to the source files of this machine.
//
//   node bench/scan-memory.ts [files] [MB]      (Linux; a minute or two)
import {
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  opendirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childProcessesOf } from '../packages/server/src/scan/testing/child-processes.ts';
import { startServerProcess } from '../packages/server/src/testing/server-process.ts';

const mostFiles = Number(process.argv[2] ?? 70_000);
const mostBytes = Number(process.argv[3] ?? 1_100) * 1024 ** 2;
const mostMb = 512;
const sources = ['/usr', '/opt', path.resolve(import.meta.dirname, '../node_modules')];
const extensions = new Set(
  'py js mjs cjs ts tsx go h c hpp cpp cs java rs rb php pl pm json yaml yml toml xml md rst html css sh sql'
    .split(' ')
    .map((extension) => `.${extension}`),
);
const folder = mkdtempSync(path.join(tmpdir(), 'borgos-bench-'));
const directory = path.join(folder, 'project');

try {
  const { files, bytes } = linkSources();
  console.log(`${files} files, ${Math.round(bytes / 1024 ** 2)} MB`);
  await measure();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function linkSources(): { files: number; bytes: number } {
  let files = 0;
  let bytes = 0;
  const waiting = [...sources];
  for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
    let entries: ReturnType<typeof opendirSync>;
    try {
      entries = opendirSync(source);
    } catch {
      continue;
    }
    for (let entry = entries.readSync(); entry; entry = entries.readSync()) {
      const file = path.join(source, entry.name);
      if (entry.isDirectory()) waiting.push(file);
      if (!entry.isFile() || !extensions.has(path.extname(file))) continue;
      const target = path.join(directory, `part-${files % 40}/unit-${files % 1_000}`);
      mkdirSync(target, { recursive: true });
      addFile(file, path.join(target, `${files}-${entry.name}`));
      files += 1;
      bytes += statSync(file).size;
      if (files === mostFiles || bytes > mostBytes) break;
    }
    entries.closeSync();
    if (files === mostFiles || bytes > mostBytes) break;
  }
  return { files, bytes };
}

function addFile(file: string, target: string): void {
  try {
    linkSync(file, target);
  } catch {
    // Of another disk.
    cpSync(file, target);
  }
}

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(500);
}

async function measure(): Promise<void> {
  const server = await startServerProcess({
    BORGOS_HOME: path.join(folder, 'home'),
    BORGOS_RUNTIME: 'process',
    BORGOS_AUTO_SCAN: 'off',
  });
  try {
    const pid = server.child.pid ?? 0;
    const { id } = await server.client.projects.create({ name: 'Large', path: directory });
    // Beside it, the index of its code is made, whose memory is measured by bench/search.ts.
    await waitFor(async () => (await server.client.projects.get({ id })).index.status === 'ready');
    const before = residentMb(pid);
    const peak = { server: before, scan: 0, together: before };
    const began = performance.now();
    const { scan_id } = await server.client.scans.start({ id });
    for (;;) {
      const [child] = await childProcessesOf(pid);
      const [own, its] = [residentMb(pid), child ? residentMb(child) : 0];
      peak.server = Math.max(peak.server, own);
      peak.scan = Math.max(peak.scan, its);
      peak.together = Math.max(peak.together, own + its);
      const scan = await server.client.scans.get({ id, scan_id });
      if (scan.finished_at !== null) {
        const seconds = Math.round((performance.now() - began) / 1000);
        console.log(`${scan.status} after ${seconds} s: ${scan.lines_of_code} lines of code`);
        break;
      }
      await sleep(100);
    }
    console.log(
      `server: ${before} MB before, ${peak.server} MB at most; the scan: ${peak.scan} MB`,
    );
    const isMet = peak.together <= mostMb;
    console.log(`together ${peak.together} MB (target ${mostMb}, ${isMet ? 'met' : 'MISSED'})`);
    if (!isMet) process.exitCode = 1;
  } finally {
    await server.end('SIGTERM');
  }
}

/** Of a process that may have ended: its own memory, and its share of what others use, too. */
function residentMb(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Math.round(Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}
