import type { ErrorCode } from '@borgos/contracts/errors';
import { serverSeparator } from '@borgos/contracts/mcp-servers';
import { AppError } from '../errors.ts';
import type { McpServers, ServersTool } from '../mcp-servers/mcp-servers.ts';
import { brief } from './brief.ts';
import { shrink, sizeOf } from './shrink.ts';

/** As of BorgOS's own tools: about 2,000 tokens. */
const answerBytes = 7000;

/** The tools of the user's MCP servers, as far as they are offered to somebody. */
export type ServersTools = Pick<McpServers, 'offered' | 'call'>;

/** What a server has answered, for an agent. */
export interface ServersAnswer {
  text: string;
  /** `undefined`: it has given none, or more than an agent can use. */
  structured: Record<string, unknown> | undefined;
  isError: boolean;
}

type Result = Awaited<ReturnType<McpServers['call']>>;

/** Whether a name can only be that of a tool of one of the user's servers. */
export function isServersTool(name: string): boolean {
  return name.includes(serverSeparator);
}

/** Whether it changes nothing is what the user has said; what its server says of it counts nothing. */
export function scopeOf({ isReadOnly }: ServersTool): 'mcp:read' | 'mcp:write' {
  return isReadOnly ? 'mcp:read' : 'mcp:write';
}

/** As a client is told of it. */
export function listedServersTool({ name, definition }: ServersTool) {
  const { title, description, input_schema, annotations } = definition;
  return {
    name,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    inputSchema: { ...input_schema, type: 'object' as const },
    ...(annotations && { annotations: hintsOf(annotations) }),
  };
}

/** The hints of the protocol, each with the default of the protocol where the server gives none. */
export function allHintsOf({ definition }: ServersTool) {
  const given = hintsOf(definition.annotations ?? {});
  return {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: true,
    ...given,
  };
}

function hintsOf(annotations: Record<string, unknown>): Record<string, boolean> {
  const names = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = annotations[name];
      return typeof value === 'boolean' ? [[name, value]] : [];
    }),
  );
}

/** As much of an answer as an agent can use: its texts, and its data if they are small. */
export function serversAnswer(result: Result): ServersAnswer {
  const { content = [], structuredContent, isError } = result;
  const text = textOf(content);
  const data = Object(structuredContent);
  const fits = structuredContent !== undefined && sizeOf(data) <= answerBytes;
  const all = text || (structuredContent === undefined ? '' : JSON.stringify(data));
  const shown = shrink(all, answerBytes);
  return {
    text: String(shown) + (shown === all ? '' : '\n[The rest was left out: ask for less.]'),
    structured: fits ? data : undefined,
    isError: isError === true,
  };
}

/**
 * The whole of an answer, as the handler of an endpoint would return it.
 * @throws AppError UNPROCESSABLE with what the server says is wrong
 */
export function wholeAnswer(name: string, result: Result): unknown {
  const { content = [], structuredContent, isError } = result;
  const text = textOf(content);
  const code: ErrorCode = 'UNPROCESSABLE';
  if (isError) throw new AppError(code, `${name} has failed: ${brief(text || 'it says no more')}`);
  return structuredContent ?? text;
}

function textOf(content: Result['content']): string {
  return content.map(blockText).join('\n');
}

/** What an agent of BorgOS cannot use is named, so that it knows that there was something. */
function blockText(block: Result['content'][number]): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'resource_link':
      return `[A resource of that server: ${brief(block.uri)}]`;
    case 'resource':
      return 'text' in block.resource
        ? block.resource.text
        : `[Left out: a resource, ${brief(block.resource.uri)}]`;
    default:
      return `[Left out: ${block.type}, ${brief(block.mimeType, 100)}]`;
  }
}
