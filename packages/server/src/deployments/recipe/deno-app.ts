import { z } from 'zod';
import type { Recipe } from '../recipe.ts';
import { parseCommand } from './command-line.ts';
import { parseJsonManifest } from './manifest.ts';
import type { Procfile } from './procfile.ts';
import type { ProjectFiles } from './project-files.ts';
import { findPinnedVersion } from './tool-versions.ts';

const portOfDeno = 8000;
const sourceBytes = 64 * 1024;

export const denoPrograms = /^deno$/;

const tasks = z.record(z.string(), z.unknown()).catch({});
const denoJson = z.object({ tasks }, 'must be an object');

const mainFiles = ['main', 'server', 'app', 'index', 'mod'].flatMap((name) =>
  ['ts', 'tsx', 'js', 'mjs'].flatMap((ending) => [`${name}.${ending}`, `src/${name}.${ending}`]),
);

/** A server in Deno: by deno.json, or by a program that can only be one of Deno. */
export async function detectDenoApp(
  project: ProjectFiles,
  procfile: Procfile | undefined,
): Promise<Recipe | undefined> {
  const config = await readConfig(project);
  const main = await findMain(project, config !== undefined);
  const usesDeno = procfile !== undefined && denoPrograms.test(procfile.argv[0] ?? '');
  if (config === undefined && main === undefined && !usesDeno) return undefined;
  const start = procfile ?? startOf(config?.tasks ?? {}, main);
  if (start === undefined) return undefined;
  const build = taskText(config?.tasks ?? {}, 'build');
  return {
    stack: 'deno',
    foundBy: config?.file ?? main?.file ?? 'Procfile',
    dockerfile: null,
    version: await findPinnedVersion(project, 'deno', ['.deno-version', '.dvmrc']),
    // What is fetched is what the sources import.
    manifests: [],
    install: main ? [['deno', 'cache', main.file]] : [['deno', 'install']],
    build: build === undefined ? [] : [['deno', 'task', 'build']],
    start: start.argv,
    environment: start.environment,
    port: portOfDeno,
    extraFiles: [],
    notes: start.notes,
  };
}

async function readConfig(project: ProjectFiles) {
  for (const file of ['deno.json', 'deno.jsonc']) {
    const text = await project.read(file);
    if (text === undefined) continue;
    return { file, tasks: parseJsonManifest(file, withoutComments(text), denoJson).tasks };
  }
  return undefined;
}

/** JSON with comments and commas at the end as JSON; lines stay where they are. */
export function withoutComments(text: string): string {
  const plain = text.replace(/"(?:[^"\\\n]|\\.)*"?|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g, (piece) =>
    piece.startsWith('"') ? piece : piece.replace(/[^\n]/g, ' '),
  );
  return plain.replace(/"(?:[^"\\\n]|\\.)*"?|,(?=\s*[}\]])/g, (piece) =>
    piece === ',' ? ' ' : piece,
  );
}

interface Main {
  file: string;
  /** Its default export is asked for an answer: `deno serve` does the rest. */
  served: boolean;
}

async function findMain(project: ProjectFiles, isDeno: boolean): Promise<Main | undefined> {
  for (const file of mainFiles) {
    const source = await project.head(file, sourceBytes);
    if (source === undefined) continue;
    const calls = /\bDeno\.|https:\/\/deno\.land\/|["']jsr:|["']npm:/.test(source);
    if (!isDeno && !calls) continue;
    const served = /^export\s+default\b/m.test(source) && /\bfetch\b\s*[:(]/.test(source);
    return { file, served };
  }
  return undefined;
}

function taskText(all: Record<string, unknown>, name: string): string | undefined {
  const task = Object.hasOwn(all, name) ? all[name] : undefined;
  if (typeof task === 'string') return task;
  const command = typeof task === 'object' && task !== null && 'command' in task && task.command;
  return typeof command === 'string' ? command : undefined;
}

/** `Deno.serve` listens where this variable says. */
const listen = ['env', 'DENO_SERVE_ADDRESS=tcp:{HOST}:{PORT}'];

function startOf(all: Record<string, unknown>, main: Main | undefined) {
  const task = taskText(all, 'start')?.trim();
  const watches = /--watch|--hmr|\bdev\.ts\b/.test(task ?? '');
  if (task !== undefined && !(watches && main)) {
    // Run as it is, `deno task` around it costs memory and a process that hides signals.
    const command = parseCommand(task);
    const plain = command?.argv[0] === 'deno' ? command : undefined;
    return {
      argv: [...listen, ...(plain?.argv ?? ['deno', 'task', 'start'])],
      environment: plain?.environment ?? {},
      notes: ['The task "start" is run.'],
    };
  }
  if (main === undefined) return undefined;
  const serve = ['deno', 'serve', '--allow-all', '--host', '{HOST}', '--port', '{PORT}', main.file];
  return {
    argv: main.served ? serve : [...listen, 'deno', 'run', '--allow-all', main.file],
    environment: {},
    notes: [`${main.file} is run with all permissions: the container is what bounds it.`],
  };
}
