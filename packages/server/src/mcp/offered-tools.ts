import { type Tool, type Toolset, tools, toolsets } from '@borgos/contracts/tools';
import { AppError } from '../errors.ts';
import type { JsonSchema } from './inlined-schema.ts';
import { type ToolInput, toolInputParser } from './tool-input.ts';
import { inputSchemaOf, outputSchemaOf } from './tool-schema.ts';

/** A tool with all that is made of it once. */
export interface OfferedTool {
  tool: Tool;
  annotations: {
    readOnlyHint: boolean;
    destructiveHint: boolean;
    idempotentHint: boolean;
    openWorldHint: boolean;
  };
  inputSchema: JsonSchema;
  outputSchema: JsonSchema;
  /** @throws AppError VALIDATION_FAILED */
  parse(given: Record<string, unknown>): ToolInput;
}

export function offerTools(): OfferedTool[] {
  return tools.map((tool) => ({
    tool,
    annotations: {
      readOnlyHint: readsOnly(tool),
      destructiveHint: tool.destructive === true,
      idempotentHint: readsOnly(tool) || tool.idempotent === true,
      // BorgOS and what it runs is a world of its own.
      openWorldHint: false,
    },
    inputSchema: inputSchemaOf(tool),
    outputSchema: outputSchemaOf(tool),
    parse: toolInputParser(tool),
  }));
}

/** What a client wants to see of them. */
export interface ToolChoice {
  /** `undefined`: all. */
  toolsets: ReadonlySet<Toolset> | undefined;
  /** Whether only what changes nothing is offered, whatever the caller may do. */
  readOnly: boolean;
}

/**
 * Reads `?toolsets=projects,errors&read_only=1`.
 * @throws AppError VALIDATION_FAILED
 */
export function readToolChoice(query: URLSearchParams): ToolChoice {
  const unknown = [...query.keys()].find((name) => !['toolsets', 'read_only'].includes(name));
  if (unknown !== undefined) {
    throw new AppError(
      'VALIDATION_FAILED',
      `query.${unknown} is not known; toolsets and read_only are`,
    );
  }
  return {
    toolsets: chosenToolsets(query.get('toolsets')),
    readOnly: isReadOnly(query.get('read_only')),
  };
}

function chosenToolsets(text: string | null): ReadonlySet<Toolset> | undefined {
  if (!text) return undefined;
  const names = text.split(',').map((name) => name.trim());
  const chosen = toolsets.filter((toolset) => names.includes(toolset));
  const unknown = names.find((name) => !chosen.some((toolset) => toolset === name));
  if (unknown !== undefined) {
    throw new AppError(
      'VALIDATION_FAILED',
      `query.toolsets: ${unknown} is none of ${toolsets.join(', ')}`,
    );
  }
  return new Set(chosen);
}

function isReadOnly(text: string | null): boolean {
  if (text === null || text === '0' || text === 'false') return false;
  if (text === '1' || text === 'true') return true;
  throw new AppError('VALIDATION_FAILED', 'query.read_only must be 1 or 0');
}

export function isChosen({ tool }: OfferedTool, { toolsets, readOnly }: ToolChoice): boolean {
  return (!toolsets || toolsets.has(tool.toolset)) && (!readOnly || readsOnly(tool));
}

/** Whether this very call only reads. */
export function changesNothing(
  { annotations }: OfferedTool,
  input: Record<string, unknown>,
): boolean {
  return annotations.readOnlyHint || input.dry_run === true;
}

function readsOnly({ endpoint, readOnly }: Tool): boolean {
  return endpoint.method === 'GET' || readOnly === true;
}
