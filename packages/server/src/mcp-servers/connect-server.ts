import type { ToolDefinition } from '@borgos/contracts/mcp-servers';
import { type CallToolResult, Client } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { connectMs, listMs, mostPages } from './limits.ts';
import { mostTools } from './listed-tools.ts';
import { setAsideWrongTools } from './set-aside-tools.ts';
import { untilAborted } from './until-aborted.ts';

/** One conversation with a server. */
export interface Connection {
  /** All pages of its list of tools, as it gives them. @throws Error */
  list(signal: AbortSignal): Promise<unknown[]>;
  /** @throws Error, also when it has not answered in time */
  call(
    tool: { serverName: string; definition: ToolDefinition },
    input: Record<string, unknown>,
    options: { signal: AbortSignal; timeoutMs: number },
  ): Promise<CallToolResult>;
  /** Whether it has ended by itself. */
  isOver(): boolean;
  close(): Promise<void>;
}

type ClientTransport = Parameters<Client['connect']>[0];

const page = z.looseObject({
  tools: z.array(z.unknown()),
  nextCursor: z.string().max(4096).optional(),
});

/**
 * Shakes hands with a server, in the newest version of the protocol that both speak.
 * @throws Error when it does not answer in time, or as no MCP server would
 */
export async function connectServer(
  transport: ClientTransport,
  version: string,
  signal: AbortSignal,
): Promise<Connection> {
  const client = new Client(
    { name: 'borgos', title: 'BorgOS', version },
    {
      // Nothing that a server could ask of BorgOS: no files, no model, no person.
      capabilities: {},
      versionNegotiation: { mode: 'auto', probe: { timeoutMs: 5_000 } },
      inputRequired: { autoFulfill: false },
    },
  );
  const wrongTools = setAsideWrongTools(transport);
  let isOver = false;
  client.onclose = () => {
    isOver = true;
  };
  const late = AbortSignal.timeout(connectMs);
  const either = AbortSignal.any([signal, late]);
  try {
    await untilAborted(client.connect(transport, { signal: either, timeout: connectMs }), either);
  } catch (error) {
    await transport.close();
    if (late.aborted) throw new Error(`It did not answer within ${connectMs / 1000} seconds`);
    throw error;
  }
  return {
    async list(signal) {
      wrongTools();
      const tools: unknown[] = [];
      let cursor: string | undefined;
      for (let number = 0; number < mostPages; number += 1) {
        const listed = await client.request(
          { method: 'tools/list', params: cursor === undefined ? {} : { cursor } },
          page,
          { signal, timeout: listMs },
        );
        tools.push(...[...listed.tools, ...wrongTools()].slice(0, mostTools + 1));
        cursor = listed.nextCursor;
        if (cursor === undefined || tools.length > mostTools) return tools;
      }
      throw new Error(`Its list of tools has more than ${mostPages} pages`);
    },
    call: ({ serverName, definition }, input, { signal, timeoutMs }) =>
      client.callTool(
        { name: serverName, arguments: input },
        {
          signal,
          timeout: timeoutMs,
          maxTotalTimeout: timeoutMs,
          // Without a schema of its answer: what a pattern of a stranger costs has no bound.
          toolDefinition: {
            name: serverName,
            inputSchema: { ...definition.input_schema, type: 'object' },
          },
        },
      ),
    isOver: () => isOver,
    async close() {
      isOver = true;
      await client.close();
      // Its program may need some time to end, which the client does not wait for.
      await transport.close();
    },
  };
}
