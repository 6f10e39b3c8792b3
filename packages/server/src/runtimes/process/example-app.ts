import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Recipe } from '../../deployments/recipe.ts';
import type { BuildRequest, InstanceSpec } from '../../deployments/runtime.ts';
import type { Sealing } from './instance-record.ts';

/** A temporary folder with room for a project and for a runtime. */
export interface Workbench {
  source: string;
  home: string;
  logFile: string;
  write(files: Record<string, string>): void;
  remove(): void;
}

export function createWorkbench(): Workbench {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'borgos-process-')));
  const source = join(root, 'project');
  mkdirSync(source);
  return {
    source,
    home: join(root, 'home'),
    logFile: join(root, 'logs', 'app.log'),
    write(files) {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(source, path)), { recursive: true });
        writeFileSync(join(source, path), content);
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** An app that tells about itself, and does to itself what it is asked for. */
export const exampleApp = `
const { spawn } = require('node:child_process');
const { createServer } = require('node:http');
if (process.env.STUBBORN) process.on('SIGTERM', () => console.log('SIGTERM ignored'));
if (process.env.POLITE) process.on('SIGTERM', () => {
  console.log('goodbye');
  setTimeout(() => process.exit(0), 100);
});
if (process.env.EXIT) process.exit(Number(process.env.EXIT));
const commands = {
  '/': () => ({ pid: process.pid, cwd: process.cwd(), env: process.env }),
  '/exit': (code) => void setTimeout(() => process.exit(Number(code)), 20),
  '/log': (count) => console.log('x'.repeat(Number(count))),
  '/memory': async (count) => {
    const held = [];
    for (let i = 0; i < Number(count); i += 1) {
      held.push(Buffer.alloc(1024 * 1024, 1));
      await new Promise(setImmediate);
    }
    return { megabytes: held.length };
  },
  '/fork': (detached) => {
    const options = { detached: detached === 'yes', stdio: 'ignore' };
    return { pid: spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], options).pid };
  },
};
createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const answer = await commands[pathname]?.(searchParams.get('value'));
  response.end(JSON.stringify(answer ?? {}));
}).listen(process.env.PORT, process.env.HOST, () => console.log('listening'));
`;

/** Hides text as far as it takes to see that it is hidden, and opens it in its place only. */
export const exampleSealing: Sealing = {
  seal: (text, context) => Buffer.from(JSON.stringify([context, text])).toString('base64'),
  open(sealed, context) {
    const [place, text] = JSON.parse(Buffer.from(sealed, 'base64').toString());
    if (place !== context) throw new Error(`sealed for ${place}, opened for ${context}`);
    return text;
  },
};

export function nodeRecipe(changes: Partial<Recipe> = {}): Recipe {
  return {
    stack: 'node',
    foundBy: 'package.json',
    dockerfile: null,
    version: null,
    manifests: [],
    install: [],
    build: [],
    start: ['node', 'app.js'],
    environment: {},
    port: 3000,
    extraFiles: [],
    notes: [],
    ...changes,
  };
}

export function buildOf(bench: Workbench, changes: Partial<BuildRequest> = {}): BuildRequest {
  return {
    deploymentId: 1,
    revision: 1,
    name: 'borgos-example-web-1-r1',
    source: bench.source,
    recipe: nodeRecipe(),
    log: () => {},
    signal: AbortSignal.timeout(60_000),
    ...changes,
  };
}

export function specOf(
  bench: Workbench,
  artifact: string,
  changes: Partial<InstanceSpec> = {},
): InstanceSpec {
  return {
    deploymentId: 1,
    revision: 1,
    generation: 1,
    name: 'borgos-example-web-1-r1-g1',
    artifact,
    recipe: nodeRecipe(),
    environment: {},
    cpus: null,
    memory: null,
    volumes: [],
    logFile: bench.logFile,
    ...changes,
  };
}
