import { createHash } from 'node:crypto';
import type { ToolDefinition } from '@borgos/contracts/mcp-servers';
import { z } from 'zod';
import { storable } from '../errors.ts';
import { publicName } from './tool-name.ts';

export const mostTools = 200;
const mostProblems = 20;
const mostDefinitionBytes = 16 * 1024;

/** A tool as its server lists it. */
export interface ListedTool {
  serverName: string;
  name: string;
  definition: ToolDefinition;
  /** Of all that a model is told of it. */
  hash: string;
}

const toolShape = z.looseObject({
  name: z.string().min(1).max(128),
  title: z.string().optional(),
  description: z.string().optional(),
  inputSchema: z.looseObject({ type: z.literal('object') }),
  annotations: z.record(z.string(), z.unknown()).optional(),
});

/**
 * What can be offered of what a server has listed. One tool that is wrong is left out, with a
 * sentence on why, and does not take the others with it.
 */
export function readListedTools(
  server: string,
  listed: readonly unknown[],
): { tools: ListedTool[]; problems: string[] } {
  const tools = new Map<string, ListedTool>();
  const problems: string[] = [];
  for (const [index, one] of listed.entries()) {
    const shown = `Tool ${index + 1}${nameOf(one)}`;
    try {
      const tool = readTool(server, one);
      if (tools.has(tool.name)) throw new Error('another one has the same name');
      if (tools.size === mostTools) throw new Error(`there are more than ${mostTools}`);
      tools.set(tool.name, tool);
    } catch (error) {
      if (problems.length < mostProblems) problems.push(`${shown} is left out: ${reasonOf(error)}`);
    }
  }
  return { tools: [...tools.values()], problems };
}

/** Whether it is what the protocol wants, as far as it is needed. */
export function isOfferable(listed: unknown): boolean {
  return toolShape.safeParse(listed).success;
}

function readTool(server: string, listed: unknown): ListedTool {
  const { name, title, description, inputSchema, annotations } = toolShape.parse(listed);
  const definition: ToolDefinition = storableJson({
    title,
    description,
    input_schema: inputSchema,
    annotations,
  });
  const text = canonical({ name, ...definition });
  if (Buffer.byteLength(text) > mostDefinitionBytes) {
    throw new Error(`its definition has more than ${mostDefinitionBytes / 1024} KB`);
  }
  return {
    serverName: storable(name),
    name: publicName(server, name),
    definition,
    hash: createHash('sha256').update(text).digest('hex'),
  };
}

/** The same text for the same content, in whatever order a server writes it. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Without what is left out, and without characters that PostgreSQL refuses. */
function storableJson<T extends object>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' ? storable(part) : part)),
  );
}

function nameOf(one: unknown): string {
  const { name } = Object(one);
  return typeof name === 'string' ? ` (${storable(name.slice(0, 100))})` : '';
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return `${issue?.path.join('.')} is not what the protocol wants (${issue?.message})`;
  }
  return error instanceof Error ? error.message : String(error);
}
