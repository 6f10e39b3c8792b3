import { setTimeout as pause } from 'node:timers/promises';
import {
  type CallToolResult,
  type InputRequiredResult,
  MissingRequiredClientCapabilityError,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { namedCapabilities } from '../protocol-server.ts';
import { onePixel, silence } from './conformance-samples.ts';

/** A tool that the conformance suite wants of every server. */
export interface ConformanceTool {
  name: string;
  inputSchema?: { type: 'object' } & Record<string, unknown>;
  call(
    input: Record<string, unknown>,
    context: ServerContext,
  ): Promise<CallToolResult | InputRequiredResult>;
}

/** Between two messages of a tool that tells how far it is. */
const stepMs = 50;

const image = { type: 'image' as const, data: onePixel, mimeType: 'image/png' };

export const conformanceTools: readonly ConformanceTool[] = [
  {
    name: 'test_simple_text',
    call: async () => text('This is a simple text response for testing.'),
  },
  { name: 'test_image_content', call: async () => ({ content: [image] }) },
  {
    name: 'test_audio_content',
    call: async () => ({ content: [{ type: 'audio', data: silence, mimeType: 'audio/wav' }] }),
  },
  {
    name: 'test_embedded_resource',
    call: async () => ({
      content: [
        {
          type: 'resource',
          resource: {
            uri: 'test://embedded-resource',
            mimeType: 'text/plain',
            text: 'This is an embedded resource content.',
          },
        },
      ],
    }),
  },
  {
    name: 'test_multiple_content_types',
    call: async () => ({
      content: [
        { type: 'text', text: 'Multiple content types test:' },
        image,
        {
          type: 'resource',
          resource: {
            uri: 'test://mixed-content-resource',
            mimeType: 'application/json',
            text: JSON.stringify({ test: 'data', value: 123 }),
          },
        },
      ],
    }),
  },
  {
    name: 'test_error_handling',
    call: async () => ({
      ...text('This tool intentionally returns an error for testing'),
      isError: true,
    }),
  },
  {
    name: 'test_tool_with_logging',
    async call(_input, { mcpReq }) {
      await mcpReq.log('info', 'Tool execution started');
      await pause(stepMs);
      await mcpReq.log('info', 'Tool processing data');
      await pause(stepMs);
      await mcpReq.log('info', 'Tool execution completed');
      return text('It has logged three times.');
    },
  },
  {
    // Asked for without a level: it must not log.
    name: 'test_logging_tool',
    async call(_input, { mcpReq }) {
      await mcpReq.log('info', 'only for who asked for it');
      return text('It has logged once.');
    },
  },
  {
    name: 'test_tool_with_progress',
    async call(_input, { mcpReq }) {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          const params = { progressToken, progress, total: 100 };
          await mcpReq.notify({ method: 'notifications/progress', params });
        }
        await pause(stepMs);
      }
      return text('It has come to its end.');
    },
  },
  {
    name: 'test_missing_capability',
    async call(_input, { mcpReq }) {
      const { sampling } = Object(namedCapabilities(mcpReq.envelope));
      if (sampling === undefined) {
        throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
      }
      return text('The client can sample.');
    },
  },
];

export function text(words: string): CallToolResult {
  return { content: [{ type: 'text', text: words }] };
}
