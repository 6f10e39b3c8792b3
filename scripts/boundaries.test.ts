import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const repository = join(import.meta.dirname, '..');
const server = 'packages/server/src';

/** File, a line of it, a part of the message that refuses the line. */
const refused: [file: string, line: string, message: string][] = [
  [`${server}/projects/a.ts`, `import 'fastify';`, 'in http/'],
  [`${server}/projects/a.ts`, `import 'kysely';`, 'in store.ts'],
  [`${server}/projects/a.ts`, `import { sql } from 'kysely/helpers/postgres';`, 'in store.ts'],
  [`${server}/projects/a.ts`, `import 'pg';`, 'in database/'],
  [`${server}/projects/a.ts`, `import 'pg-boss';`, 'in jobs/'],
  [`${server}/projects/a.ts`, `import 'dockerode';`, 'in runtimes/docker/'],
  [`${server}/agents/a.ts`, `import '@agentclientprotocol/sdk';`, 'in agent-adapters/acp/'],
  [`${server}/projects/a.ts`, `import '@borgos/proxy';`, 'in proxy-link/'],
  [`${server}/projects/a.ts`, `import '@borgos/sdk';`, 'in tests only'],
  [`${server}/projects/a.ts`, `import '@borgos/dashboard';`, `isn't specified in`],
  [`${server}/projects/a.ts`, `export const { HOME } = process.env;`, 'process.env'],
  [`${server}/projects/a.ts`, `import '../../../proxy/src/main.ts';`, 'by its name'],
  [`${server}/projects/a.ts`, `import type { A } from '../http/mount.ts';`, 'above it'],
  [`${server}/projects/a.ts`, `import type { B } from '../mcp/tools.ts';`, 'above it'],
  [`${server}/projects/a.ts`, `import type { C } from '../runtimes/docker/build.ts';`, 'above it'],
  [`${server}/projects/a.ts`, `import type { D } from '../proxy-link/link.ts';`, 'above it'],
  [`${server}/projects/a.ts`, `import type { E } from '../app.ts';`, 'nothing below'],
  [`${server}/projects/a.ts`, `import type { F } from '../main.ts';`, 'nothing below'],
  [`${server}/projects/a.ts`, `import type { G } from '../deployments/store.ts';`, 'is private'],
  [`${server}/projects/a.ts`, `import '../deployments/revision-store.ts';`, 'is private'],
  [`${server}/projects/a.ts`, `import type { H } from '../deployments/handlers.ts';`, 'is private'],
  [`${server}/projects/a.ts`, `import type { I } from '../deployments/names.ts';`, 'public face'],
  [`${server}/projects/a.ts`, `import { j } from '../deployments/deployments.ts';`, 'import type'],
  [`${server}/projects/a.ts`, `import {\n  type K,\n} from '../status/status.ts';`, 'import type'],
  [`${server}/projects/a.ts`, `export { l } from '../deployments/names.ts';`, 'public face'],
  [`${server}/projects/a.ts`, `await import('../deployments/names.ts');`, 'public face'],
  [`${server}/projects/a.ts`, `await import("pg");`, 'in database/'],
  [`${server}/projects/a.ts`, `import type { M } from '../agent-adapters/a.ts';`, 'above it'],
  [`${server}/agent-adapters/command/a.ts`, `import '../../agents/store.ts';`, 'is private'],
  [`${server}/agent-adapters/command/a.ts`, `import '../../agents/queue.ts';`, 'they implement'],
  [`${server}/agent-adapters/command/a.ts`, `import '../acp/client.ts';`, 'they implement'],
  [`${server}/deployments/recipe/a.ts`, `import '../../http/mount.ts';`, 'above it'],
  [`${server}/deployments/recipe/a.ts`, `import '../../projects/names.ts';`, 'public face'],
  [`${server}/projects/store.ts`, `import 'pg';`, 'in database/'],
  [`${server}/projects/store.ts`, `import '../http/mount.ts';`, 'above it'],
  [`${server}/http/a.ts`, `import 'kysely';`, 'in store.ts'],
  [`${server}/http/a.ts`, `import '../database/open.ts';`, 'only through features'],
  [`${server}/http/a.ts`, `import '../runtimes/source.ts';`, 'only through features'],
  [`${server}/http/a.ts`, `import '../projects/handlers.ts';`, 'is private'],
  [`${server}/http/a.ts`, `import '../app.ts';`, 'nothing below'],
  [`${server}/runtimes/docker/a.ts`, `import 'pg';`, 'in database/'],
  [
    `${server}/runtimes/docker/a.ts`,
    `import '../../database/open.ts';`,
    'only what they implement',
  ],
  [
    `${server}/runtimes/docker/a.ts`,
    `import '../../deployments/probe.ts';`,
    'only what they implement',
  ],
  [`${server}/runtimes/docker/a.ts`, `import '../process/start.ts';`, 'only what they implement'],
  [`${server}/runtimes/process/a.ts`, `import 'dockerode';`, 'in runtimes/docker/'],
  [
    `${server}/runtimes/a.ts`,
    `import '../deployments/recipe/node.ts';`,
    'only what they implement',
  ],
  [`${server}/proxy-link/a.ts`, `import '../http/mount.ts';`, 'only what they implement'],
  [`${server}/events/a.ts`, `import '../projects/projects.ts';`, 'only database/'],
  [`${server}/jobs/a.ts`, `import '../deployments/deployments.ts';`, 'only database/'],
  [`${server}/jobs/a.ts`, `import 'pg';`, 'in database/'],
  [`${server}/database/a.ts`, `import '../events/append.ts';`, 'imports none of them'],
  [`${server}/app-log/a.ts`, `import '../database/open.ts';`, 'imports no other folder'],
  [`${server}/outbound/a.ts`, `import '../database/open.ts';`, 'imports no other folder'],
  [`${server}/database/a.ts`, `import 'pg-boss';`, 'in jobs/'],
  [`${server}/errors.ts`, `import './projects/projects.ts';`, 'no folder of the server'],
  [`${server}/errors.ts`, `import './app.ts';`, 'nothing below'],
  [`${server}/app.ts`, `import './projects/store.ts';`, 'is private'],
  [`${server}/app.ts`, `import 'fastify';`, 'in http/'],
  [`${server}/app.ts`, `import './b.ts';`, 'cycle'],
  [`${server}/main.ts`, `import './projects/handlers.ts';`, 'is private'],
  ['packages/contracts/src/a.ts', `import 'node:fs';`, 'only zod'],
  ['packages/contracts/src/a.ts', `import 'fastify';`, 'in http/'],
  ['packages/contracts/src/a.ts', `import '../../server/src/errors.ts';`, 'only zod'],
  ['packages/sdk/src/a.ts', `import 'zod';`, 'only the contracts'],
  ['packages/sdk/src/a.ts', `import 'node:http';`, 'only the contracts'],
  ['packages/proxy/src/a.ts', `import '@borgos/contracts';`, 'nothing of the other packages'],
  ['packages/proxy/src/a.ts', `import 'fastify';`, 'in http/'],
  ['packages/proxy/src/a.ts', `import 'zod';`, `isn't specified in`],
  ['packages/proxy/src/a.ts', `import '../../server/src/errors.ts';`, 'nothing of the other'],
];

const allowed: [file: string, line: string][] = [
  [`${server}/projects/c.ts`, `import type { A } from '../deployments/deployments.ts';`],
  [`${server}/projects/c.ts`, `import type {\n  B,\n} from '../status/status.ts';`],
  [`${server}/projects/c.ts`, `import { c } from '../database/transaction.ts';`],
  [`${server}/projects/c.ts`, `import { d } from '../events/append.ts';`],
  [`${server}/projects/c.ts`, `import { e } from '../jobs/jobs.ts';`],
  [`${server}/projects/c.ts`, `import { f } from '../errors.ts';`],
  [`${server}/projects/c.ts`, `import { g } from './store.ts';`],
  [`${server}/projects/c.ts`, `import { h } from '@borgos/contracts/projects';`],
  [`${server}/deployments/store.ts`, `import 'kysely';`],
  [`${server}/deployments/recipe/c.ts`, `import type { A } from '../recipe.ts';`],
  [`${server}/deployments/recipe/c.ts`, `import { f } from '../../errors.ts';`],
  [`${server}/deployments/c.ts`, `import { f } from './recipe/detect.ts';`],
  [`${server}/deployments/c.test.ts`, `import { f } from '../testing/app.ts';`],
  [`${server}/http/c.ts`, `import 'fastify';`],
  [`${server}/mcp/stdio/c.ts`, `import '@borgos/sdk';`],
  [`${server}/mcp-stdio.ts`, `import './mcp/stdio/options.ts';`],
  [`${server}/jobs/c.ts`, `import 'pg-boss';`],
  [`${server}/database/c.ts`, `import 'pg';`],
  [`${server}/runtimes/c.ts`, `import { a } from '../deployments/recipe.ts';`],
  [`${server}/runtimes/docker/c.ts`, `import 'dockerode';`],
  [`${server}/runtimes/docker/c.ts`, `import { a } from '../../deployments/runtime.ts';`],
  [`${server}/runtimes/docker/c.ts`, `import { b } from '../source.ts';`],
  [`${server}/runtimes/docker/c.ts`, `import { c } from '../../errors.ts';`],
  [`${server}/agent-adapters/acp/c.ts`, `import '@agentclientprotocol/sdk/unstable';`],
  [`${server}/proxy-link/c.ts`, `import '@borgos/proxy';`],
  [`${server}/proxy-link/c.ts`, `import { a } from '../deployments/router.ts';`],
  [`${server}/routes.ts`, `import './projects/handlers.ts';`],
  [`${server}/main.ts`, `import './app.ts';`],
  [`${server}/settings.ts`, `export const { HOME } = process.env;`],
  ['packages/contracts/src/c.ts', `import 'zod';`],
  ['packages/contracts/src/c.ts', `import './a.ts';`],
  ['packages/sdk/src/c.ts', `import '@borgos/contracts/projects';`],
  ['packages/proxy/src/c.ts', `import 'node:http';`],
];

interface Diagnostic {
  category: string;
  message: string;
  location: { path: string; start: { line: number } };
}

let root: string;
let diagnostics: Diagnostic[];

/** The whole text of a made-up file, and the first and last line of a case in it. */
function linesOf(file: string, line: string) {
  const cases = [...refused, ...allowed].filter(([name]) => name === file).map(([, text]) => text);
  const before = cases.slice(0, cases.indexOf(line)).join('\n');
  const first = before === '' ? 1 : before.split('\n').length + 1;
  return { text: `${cases.join('\n')}\n`, first, last: first + line.split('\n').length - 1 };
}

/** What the boundaries say of a line: other rules may find fault with such short files. */
function messagesFor(file: string, line: string): string[] {
  const { first, last } = linesOf(file, line);
  return diagnostics
    .filter(({ category }) =>
      /plugin|noProcessEnv|noImportCycles|noUndeclaredDependencies/.test(category),
    )
    .filter(({ location: { path, start } }) => {
      return path === file && start.line >= first && start.line <= last;
    })
    .map(({ message }) => message);
}

/** Lints the folder; Biome's exit code only says that there are findings. */
function lint(folder: string): Promise<string> {
  const biome = join(repository, 'node_modules/@biomejs/biome/bin/biome');
  return new Promise((done, fail) => {
    execFile(
      process.execPath,
      [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.'],
      { cwd: folder, timeout: 30_000, maxBuffer: 16 * 1024 ** 2 },
      (error, stdout, stderr) => (stdout ? done(stdout) : fail(error ?? new Error(stderr))),
    );
  });
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'borgos-boundaries-'));
  const packages = await readdir(join(repository, 'packages'));
  const manifests = packages.map((name) => `packages/${name}/package.json`);
  await mkdir(join(root, 'scripts'));
  for (const name of packages) await mkdir(join(root, 'packages', name), { recursive: true });
  for (const file of ['biome.json', '.gitignore', 'scripts/boundaries.grit', ...manifests]) {
    await copyFile(join(repository, file), join(root, file));
  }
  for (const [file, line] of [...refused, ...allowed]) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), linesOf(file, line).text);
  }
  await writeFile(join(root, server, 'b.ts'), `import './app.ts';\n`);
  diagnostics = JSON.parse(await lint(root)).diagnostics;
}, 60_000);

afterAll(() => rm(root, { recursive: true, force: true }));

describe('Biome refuses', () => {
  it.each(refused)('in %s: %s', (file, line, message) => {
    expect(messagesFor(file, line)).toContainEqual(expect.stringContaining(message));
  });
});

describe('Biome allows', () => {
  it.each(allowed)('in %s: %s', (file, line) => {
    expect(messagesFor(file, line)).toEqual([]);
  });
});
