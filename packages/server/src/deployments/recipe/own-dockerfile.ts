import type { Recipe } from '../recipe.ts';
import { brokenManifest } from './manifest.ts';
import type { ProjectFiles } from './project-files.ts';

const portIfNotExposed = 8080;
/** Of an instruction and of a variable's value: no line can cost much, nor values double for ever. */
const longestInstruction = 4096;
const longestValue = 256;

/** The project's own Dockerfile. Throws `ReleaseFailure` STACK_NOT_FOUND for one without a FROM. */
export async function detectOwnDockerfile(project: ProjectFiles): Promise<Recipe | undefined> {
  const text = await project.read('Dockerfile');
  if (text === undefined) return undefined;
  const instructions = parseDockerfile(text);
  if (!instructions.some(({ name }) => name === 'FROM')) {
    throw brokenManifest('Dockerfile', 'it has no FROM instruction');
  }
  const exposed = findExposedPort(instructions);
  return {
    stack: 'dockerfile',
    foundBy: 'Dockerfile',
    dockerfile: 'Dockerfile',
    version: null,
    manifests: [],
    install: [],
    build: [],
    start: null,
    environment: {},
    port: exposed ?? portIfNotExposed,
    extraFiles: [],
    notes:
      exposed === undefined
        ? [`Dockerfile has no EXPOSE: the app is expected on PORT, which is ${portIfNotExposed}.`]
        : [],
  };
}

interface Instruction {
  name: string;
  rest: string;
}

/** Comments, continued lines and here-documents are taken care of; parser directives but `escape` mean nothing here. */
export function parseDockerfile(text: string): Instruction[] {
  const continuation = /^#\s*escape\s*=\s*`/im.test(text.slice(0, 200)) ? '`' : '\\';
  const instructions: Instruction[] = [];
  let open = '';
  let hereDocuments: string[] = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (hereDocuments.length > 0) {
      if (line.trim() === hereDocuments[0]) hereDocuments.shift();
      continue;
    }
    if (/^\s*(#.*)?$/.test(line)) continue;
    const continued = line.trimEnd().endsWith(continuation);
    open += continued ? `${line.trimEnd().slice(0, -1)} ` : line;
    if (continued) continue;
    const match = /^\s*([A-Za-z]+)\s+(.*)$/.exec(open);
    if (match) {
      const rest = (match[2] ?? '').slice(0, longestInstruction);
      instructions.push({ name: (match[1] ?? '').toUpperCase(), rest });
    }
    hereDocuments = [...open.matchAll(/<<-?(["']?)([A-Za-z_]\w*)\1/g)].map(
      (found) => found[2] ?? '',
    );
    open = '';
  }
  return instructions;
}

interface Stage {
  variables: Map<string, string>;
  port: number | undefined;
}

/** The first TCP port that the last stage exposes, by itself or by the stage it is made from. */
export function findExposedPort(instructions: Instruction[]): number | undefined {
  const stages = new Map<string, Stage>();
  const globals = new Map<string, string>();
  let stage: Stage | undefined;
  for (const { name, rest } of instructions) {
    if (name === 'FROM') {
      const [image, alias] = rest.replace(/^(--\S+\s+)+/, '').split(/\s+as\s+/i);
      const parent = stages.get((image ?? '').trim().toLowerCase());
      stage = { variables: new Map(parent?.variables), port: parent?.port };
      if (alias) stages.set(alias.trim().toLowerCase(), stage);
    } else if (name === 'ARG' || name === 'ENV') {
      readVariables(rest, stage?.variables ?? globals, stage ? globals : undefined);
    } else if (name === 'EXPOSE' && stage) {
      stage.port ??= firstTcpPort(expand(rest, stage.variables));
    }
  }
  return stage?.port;
}

function readVariables(rest: string, into: Map<string, string>, globals?: Map<string, string>) {
  const legacy = /^([A-Za-z_]\w*)\s+([^=]*)$/.exec(rest.trim());
  if (legacy) into.set(legacy[1] ?? '', (legacy[2] ?? '').trim());
  for (const [, key = '', value] of rest.matchAll(/([A-Za-z_]\w*)(?:=("[^"]*"|'[^']*'|\S*))?/g)) {
    const given = value?.replace(/^["']|["']$/g, '') ?? globals?.get(key);
    if (given !== undefined) into.set(key, expand(given, into).slice(0, longestValue));
  }
}

function expand(text: string, variables: Map<string, string>): string {
  return text.replace(
    /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?-([^}]*))?\})/g,
    (_, plain: string | undefined, braced: string | undefined, fallback: string | undefined) =>
      variables.get(plain ?? braced ?? '') ?? fallback ?? '',
  );
}

function firstTcpPort(rest: string): number | undefined {
  for (const word of rest.split(/\s+/)) {
    const match = /^["']?(\d{1,5})(?:-\d{1,5})?(?:\/tcp)?["']?$/i.exec(word);
    const port = Number(match?.[1] ?? 0);
    if (port >= 1 && port <= 65535) return port;
  }
  return undefined;
}
