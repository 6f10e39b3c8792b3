import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, message, printable, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';

/** What is between the name of a server and that of its tool; neither a server nor a tool of BorgOS has it. */
export const serverSeparator = '__';

const serverName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,23}$/,
    'must begin with a letter and have at most 24 small letters, digits and "-"',
  )
  .meta({ description: 'What its tools are prefixed with.', examples: ['github'] });

const text = z.string().max(4096).regex(printable, 'must have no control characters');

const command = z
  .array(text.min(1))
  .min(1)
  .max(64)
  .meta({
    description:
      'The program and its arguments; no shell reads them. It runs as the user of BorgOS. Secrets belong in `environment`: arguments are shown.',
    examples: [['npx', '-y', '@modelcontextprotocol/server-filesystem', '/srv/notes']],
  });

const url = text
  .min(1)
  .max(2048)
  .meta({
    description:
      'Where it answers Streamable HTTP. Public addresses only, unless the administrator allows others in `BORGOS_MCP_ALLOW`; on a BorgOS that only this machine can reach, on this machine too. Redirects are not followed.',
    examples: ['https://mcp.example.com/mcp'],
  });

const environment = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be a name'), text)
  .refine((values) => Object.keys(values).length <= 64, 'must have at most 64 entries')
  .meta({
    description:
      'What a program finds in its environment, beside search path, home and language. Encrypted, and never shown again.',
  });

const headers = z
  .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header'), text)
  .refine((values) => Object.keys(values).length <= 32, 'must have at most 32 entries')
  .meta({
    description:
      'What is sent with every request, as `Authorization`. Encrypted, and never shown again. The credential of who calls BorgOS is never passed on.',
  });

const callSeconds = z
  .int()
  .min(1)
  .max(300)
  .meta({ description: 'How long a call of a tool may take.' });

const isEnabled = z
  .boolean()
  .meta({ description: 'Whether it is started, and its tools offered.' });

const fields = {
  command: command.optional(),
  url: url.optional(),
  environment: environment.optional(),
  headers: headers.optional(),
  call_timeout_seconds: callSeconds.optional(),
  is_enabled: isEnabled.optional(),
};

export const mcpServer = z
  .object({
    id,
    name: serverName,
    transport: z.enum(['stdio', 'http']),
    command: command.nullable(),
    url: url.nullable(),
    environment_names: z.array(z.string()).meta({ description: 'Their values are not shown.' }),
    header_names: z.array(z.string()).meta({ description: 'Their values are not shown.' }),
    call_timeout_seconds: callSeconds,
    is_enabled: isEnabled,
    status: z.enum(['off', 'idle', 'connected', 'failing']).meta({
      description:
        '`idle`: it is started when it is needed; `failing`: it was not reached, or has ended.',
    }),
    status_reason: z.string().nullable().meta({ description: 'Why it fails.' }),
    next_attempt_at: timestamp
      .nullable()
      .meta({ description: 'Before then it is asked again only by `refresh`.' }),
    problems: z
      .array(z.string())
      .meta({ description: 'What of its list of tools was left out, and why.' }),
    tools_total: z.int(),
    tools_on: z.int(),
    listed_at: timestamp.nullable().meta({ description: 'When its tools were last looked at.' }),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'McpServer', description: 'An MCP server whose tools BorgOS can offer.' });

export type McpServer = z.infer<typeof mcpServer>;

const definition = z
  .object({
    title: z.string().optional(),
    description: z.string().optional(),
    input_schema: z.record(z.string(), z.unknown()).meta({ description: 'A JSON Schema.' }),
    annotations: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'Hints of the server; nothing is decided by them.' }),
  })
  .meta({ id: 'McpToolDefinition', description: 'What a model is told of a tool.' });

export type ToolDefinition = z.infer<typeof definition>;

export const serverTool = z
  .object({
    name: z
      .string()
      .meta({ description: 'As agents call it.', examples: ['github__create_issue'] }),
    server_name: z.string().meta({ description: 'As the server calls it.' }),
    status: z.enum(['on', 'off', 'changed', 'gone']).meta({
      description:
        '`changed`: it was on, says something else now, and is off until that is approved; `gone`: its server lists it no more.',
    }),
    is_enabled: z.boolean(),
    is_read_only: z.boolean().meta({
      description:
        'Whether you have said that it changes nothing: only then may who only reads call it.',
    }),
    hash: z
      .string()
      .nullable()
      .meta({ description: 'Of the definition that the server gives now; `null`: none.' }),
    current: definition.nullable().meta({ description: 'As the server defines it now.' }),
    approved: definition
      .nullable()
      .meta({ description: 'As it was when it was switched on: what agents are told.' }),
  })
  .meta({ id: 'McpServerTool', description: 'A tool of one of your MCP servers.' });

export type ServerTool = z.infer<typeof serverTool>;

const tag = 'MCP';
const toolName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the name of a tool, as github__create_issue');

export const mcpServers = {
  create: defineEndpoint({
    method: 'POST',
    path: '/api/v1/mcp/servers',
    tag,
    summary: 'Add an MCP server',
    description:
      'A program (`command`, over stdio) or an address (`url`, over Streamable HTTP). It is off unless `is_enabled` says otherwise, and so is each of its tools: have them listed by `refresh`, look at them, and switch on what you want.',
    // A program is run: nobody may do this who is not trusted with everything.
    scope: 'admin:write',
    body: z.strictObject({ name: serverName, ...fields }),
    status: 201,
    response: mcpServer,
    errors: ['CONFLICT', 'UNPROCESSABLE'],
  }),
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/mcp/servers',
    tag,
    summary: 'List the MCP servers that were added',
    description: 'By name, with how they are.',
    scope: 'admin:read',
    query: z.strictObject(pageQuery),
    status: 200,
    response: mcpServer,
    list: true,
    errors: [],
  }),
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/mcp/servers/{id}',
    tag,
    summary: 'Read an MCP server',
    description: 'How it is, and why it fails if it does.',
    scope: 'admin:read',
    params: idParams,
    status: 200,
    response: mcpServer,
    errors: ['NOT_FOUND'],
  }),
  update: defineEndpoint({
    method: 'PATCH',
    path: '/api/v1/mcp/servers/{id}',
    tag,
    summary: 'Change an MCP server',
    description:
      'What is left out stays; `environment` and `headers` are replaced as a whole. Switched off, its program is ended. Its name and its transport stay.',
    scope: 'admin:write',
    params: idParams,
    body: z.strictObject(fields),
    status: 200,
    response: mcpServer,
    errors: ['NOT_FOUND', 'CONFLICT', 'UNPROCESSABLE'],
  }),
  delete: defineEndpoint({
    method: 'DELETE',
    path: '/api/v1/mcp/servers/{id}',
    tag,
    summary: 'Remove an MCP server',
    description: 'With its secrets and what was approved of it. Its program is ended.',
    scope: 'admin:write',
    params: idParams,
    status: 200,
    response: z.object({ message }),
    errors: ['NOT_FOUND'],
  }),
  refresh: defineEndpoint({
    method: 'POST',
    path: '/api/v1/mcp/servers/{id}/refresh',
    tag,
    summary: 'Look at the tools of an MCP server',
    description:
      'Starts it if need be, at once even if it has failed, and reads what tools it has. At most 200 of them, 16 KB each.',
    scope: 'admin:write',
    params: idParams,
    status: 200,
    response: mcpServer,
    errors: ['NOT_FOUND', 'CONFLICT', 'UNAVAILABLE'],
  }),
  tools: defineEndpoint({
    method: 'GET',
    path: '/api/v1/mcp/servers/{id}/tools',
    tag,
    summary: 'List the tools of an MCP server',
    description: 'All of them, by name: what is on, off, changed or gone.',
    scope: 'admin:read',
    params: idParams,
    query: z.strictObject(pageQuery),
    status: 200,
    response: serverTool,
    list: true,
    errors: ['NOT_FOUND'],
  }),
  updateTool: defineEndpoint({
    method: 'PATCH',
    path: '/api/v1/mcp/servers/{id}/tools/{name}',
    tag,
    summary: 'Switch a tool on or off, or approve its change',
    description:
      'Switched on, it is offered as it is defined now, and as soon as its server says something else, it is off. With `hash` only what you have looked at is approved; a changed tool needs it.',
    scope: 'admin:write',
    params: idParams.extend({ name: toolName.meta({ description: 'As agents call it.' }) }),
    body: z.strictObject({
      is_enabled: z.boolean().optional(),
      is_read_only: z
        .boolean()
        .optional()
        .meta({ description: '`true`: it changes nothing, whatever its server says.' }),
      hash: z.string().max(128).optional().meta({ description: 'Of the definition looked at.' }),
    }),
    status: 200,
    response: serverTool,
    errors: ['NOT_FOUND', 'CONFLICT'],
  }),
};
