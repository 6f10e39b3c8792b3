import { z } from 'zod';
import { channelNames } from './channels.ts';
import type { Endpoint, Shape } from './endpoint.ts';
import { type ErrorCode, type ErrorStatus, errorBody, errorStatus, errorTitle } from './errors.ts';
import { events } from './events.ts';
import { timestamp } from './fields.ts';
import { type HeaderName, headers, idempotencyKey, rateLimitHeaders } from './openapi-headers.ts';
import { pageOf, pagination } from './page.ts';
import { type WebhookEventName, webhookEventNames, webhookEvents } from './webhook-events.ts';

type Json = Record<string, unknown>;

/** Whatever is asked, these can be the answer: see the rules on who gets in. */
const errorsOfEvery: ErrorCode[] = [
  'VALIDATION_FAILED',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'REQUEST_TIMEOUT',
  'MISDIRECTED_REQUEST',
  'HEADERS_TOO_LARGE',
  'INTERNAL_ERROR',
  'UNAVAILABLE',
];

const errorsOfBodies: ErrorCode[] = ['INVALID_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];

const errorsOfKeys: ErrorCode[] = [
  'IDEMPOTENCY_KEY_IN_USE',
  'OUTCOME_UNKNOWN',
  'IDEMPOTENCY_KEY_REUSED',
];

/** Of what a handler may refuse and a retry is told again. */
const replayedErrors: readonly number[] = [400, 404, 409, 422];

const tags = [
  { name: 'Status', description: 'How the server and its machine are.' },
  { name: 'Projects', description: 'Directories that BorgOS knows.' },
  { name: 'Scans', description: 'What is in a project, and how good it is.' },
  { name: 'Deployments', description: 'Projects that run on a port.' },
  { name: 'Volumes', description: 'What deployments keep over their releases.' },
  { name: 'Domains', description: 'Names under which deployments are visited.' },
  { name: 'Errors', description: 'What went wrong in projects, and which of it is the same.' },
  {
    name: 'Search',
    description: 'Which projects there are, by what one remembers of them; and their code.',
  },
  { name: 'Agents', description: 'Who works on projects, and what they are to do.' },
  { name: 'Agent Zero', description: 'The one agent that runs all the time.' },
  { name: 'Webhooks', description: 'Who is told by HTTP when something happens.' },
  { name: 'Authentication', description: 'Who may do what: users, sessions and API tokens.' },
  { name: 'MCP', description: 'What agents can do here, by the Model Context Protocol.' },
  { name: 'Audit', description: 'Who did what.' },
];

const webSocketGuide = `## WebSocket

At \`/ws\`, in a browser and in Node.js alike:

\`\`\`js
const ws = new WebSocket('ws://localhost:8081/ws');
ws.onmessage = (event) => {
  const data = JSON.parse(event.data);
  console.log('Received:', data);
};
ws.onopen = () => ws.send(JSON.stringify({
  type: 'subscribe',
  channels: ['projects', 'deployments', 'errors']
}));
\`\`\`

Messages are \`{type, data, seq, timestamp}\`. Channels are ${channelNames.map((name) => `\`${name}\``).join(', ')}, or one object of
them, as \`deployments:7\`. Keep the \`seq\` of the last event, and after a lost connection subscribe
with \`"since": <seq>\`: what was missed comes first, without a gap or a repeat; \`gap\` says that it
is too old to be kept. What a deployment prints comes to who subscribes to \`deployments:7:logs\`, as
\`deployment_log\` with \`{id, offset, next_offset, lines}\`; with \`"offset": <next_offset>\` it goes on
where it was. Who is too slow is told a \`gap\` with the offsets that were passed over. Besides \`subscribe\` there are \`unsubscribe\` and \`ping\`, ten messages a
second in all. Where a credential is needed, a browser gives its token as a subprotocol:
\`new WebSocket(url, ['borgos', 'borgos.bearer.' + token])\`.`;

const securitySchemes = {
  basic: { type: 'http', scheme: 'basic', description: 'Name and password of a user.' },
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description:
      'An API token (`borg_…`, see `POST /api/v1/tokens`), or the `access_token` of `POST /api/v1/auth/token`.',
  },
};

/**
 * The OpenAPI 3.1 document of an API table.
 * @param options.version of BorgOS
 * @param options.serverUrl where the API is; by default where the document was loaded from
 */
export function openApiDocument(
  api: Record<string, Record<string, Endpoint>>,
  options: { version: string; serverUrl?: string },
): Json {
  const components = new Components();
  const paths: Record<string, Json> = {};
  const usedTags = new Set<string>();
  for (const [resource, endpoints] of Object.entries(api)) {
    for (const [action, endpoint] of Object.entries(endpoints)) {
      usedTags.add(endpoint.tag);
      paths[endpoint.path] ??= {};
      Object.assign(paths[endpoint.path] ?? {}, {
        [endpoint.method.toLowerCase()]: operation(`${resource}.${action}`, endpoint, components),
      });
    }
  }
  const undescribed = [...usedTags].find((name) => !tags.some((tag) => tag.name === name));
  if (undescribed) throw new Error(`The tag "${undescribed}" has no description in openapi.ts`);
  return {
    openapi: '3.1.0',
    info: {
      title: 'BorgOS',
      version: options.version,
      description:
        'Register the projects on this machine, deploy them on ports, and watch them run.\n\nBodies are JSON in `snake_case`; moments are ISO 8601 in UTC. Every error has the same body, with a `code` for programs and a `message` for people.\n\n' +
        webSocketGuide,
      contact: { name: 'BorgOS' },
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: options.serverUrl ?? '/', description: 'This BorgOS.' }],
    tags: tags.filter((tag) => usedTags.has(tag.name)),
    paths,
    webhooks: webhookOperations(components),
    components: { schemas: components.schemas, headers: components.headers, securitySchemes },
  };
}

/** What BorgOS itself sends, to who has subscribed to it. */
function webhookOperations(components: Components): Json {
  return Object.fromEntries(
    webhookEventNames.map((name) => [
      name,
      {
        post: {
          operationId: `webhook.${name}`,
          tags: ['Webhooks'],
          summary: name,
          description:
            'Signed as Standard Webhooks says: `webhook-id`, `webhook-timestamp`, `webhook-signature`. Any answer with 2xx is success.',
          security: [],
          requestBody: {
            required: true,
            content: json(components.schemaOf(webhookBody(name))),
          },
          responses: { '2XX': { description: 'It was received.' } },
        },
      },
    ]),
  );
}

function webhookBody(name: WebhookEventName) {
  return z.object({ type: z.literal(name), timestamp, data: events[webhookEvents[name]] });
}

function operation(operationId: string, endpoint: Endpoint, components: Components): Json {
  return {
    operationId,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    description: `${endpoint.description}\n\n${whoMay(endpoint)}`.trim(),
    ...security(endpoint),
    parameters: [
      ...parameters('path', endpoint.params, components),
      ...parameters('query', endpoint.query, components, endpoint.queryInBody),
      ...(takesKey(endpoint) ? [idempotencyKey] : []),
    ],
    ...(endpoint.body && {
      requestBody: {
        required: takesNothing(endpoint.body) === false,
        content: json(bodySchema(endpoint.body, endpoint.mostItems, components)),
      },
    }),
    ...(endpoint.queryInBody &&
      endpoint.query && {
        requestBody: {
          description: 'The same as in the query string: each field in one of the two.',
          required: false,
          content: json(components.schemaOf(endpoint.query.partial())),
        },
      }),
    responses: responses(endpoint, components),
  };
}

function bodySchema(body: Shape, mostItems: number | undefined, components: Components): Json {
  const one = components.schemaOf(body);
  if (mostItems === undefined) return one;
  return { oneOf: [one, { type: 'array', items: one, minItems: 1, maxItems: mostItems }] };
}

function whoMay({ description, scope }: Endpoint): string {
  // Without words of its own it is one that the linter has to find.
  if (description === '' || scope === null) return '';
  return scope === 'any' ? 'Needs no scope.' : `Needs the scope \`${scope}\`.`;
}

function security({ scope }: Endpoint): Json {
  if (scope === null) return { security: [] };
  return {
    // The first: on this machine no credential is needed, unless the settings say so.
    security: [{}, { basic: [] }, { bearer: [] }],
    ...(scope !== 'any' && { 'x-scope': scope }),
  };
}

function takesKey({ method, queryInBody }: Endpoint): boolean {
  return method === 'POST' && !queryInBody;
}

function takesNothing(body: Shape): boolean {
  return body.safeParse({}).success;
}

function parameters(
  place: 'path' | 'query',
  shape: Shape | undefined,
  components: Components,
  mayBeInBody = false,
) {
  return Object.entries(shape?.shape ?? {}).map(([name, field]) => {
    const { description, examples, ...schema } = components.schemaOf(field);
    const isArray = schema.type === 'array';
    return {
      name,
      in: place,
      required: place === 'path' || (!mayBeInBody && !z.safeParse(field, undefined).success),
      ...(description !== undefined && { description }),
      ...(isArray && { style: 'form', explode: false }),
      schema: examples === undefined ? schema : { ...schema, examples },
    };
  });
}

function responses(endpoint: Endpoint, components: Components): Json {
  const isLimited = endpoint.path.startsWith('/api/v1/');
  const isKeyed = takesKey(endpoint);
  const success = {
    description: 'Success.',
    headers: components.headersOf([
      'X-Request-Id',
      ...(endpoint.list ? (['X-Total-Count', 'Link'] as const) : []),
      ...(endpoint.headers ?? []),
      ...(isLimited ? rateLimitHeaders : []),
      ...(isKeyed ? (['Idempotency-Replayed'] as const) : []),
    ]),
    content: {
      ...json(successSchema(endpoint, components)),
      // OpenAPI 3.1 has no words for a sequence: this is the schema of one line.
      ...(endpoint.ndjson && {
        'application/x-ndjson': { schema: components.schemaOf(endpoint.ndjson) },
      }),
    },
  };
  const all: Json = { [endpoint.status]: success };
  if (endpoint.otherStatus) all[endpoint.otherStatus] = success;

  const needsScope = endpoint.scope !== null && endpoint.scope !== 'any';
  const codes = new Set<ErrorCode>([
    ...errorsOfEvery,
    ...(endpoint.body || endpoint.queryInBody ? errorsOfBodies : []),
    ...(needsScope ? (['SCOPE_MISSING'] as const) : []),
    ...(isLimited ? (['RATE_LIMITED'] as const) : []),
    ...endpoint.errors,
    ...(isKeyed ? errorsOfKeys : []),
  ]);
  for (const [status, grouped] of groupByStatus(codes)) {
    all[status] = {
      description: `${errorTitle[status]}: ${grouped.map((code) => `\`${code}\``).join(', ')}.`,
      headers: components.headersOf(['X-Request-Id', ...headersOfError(status, isKeyed)]),
      content: json(components.schemaOf(errorBody)),
    };
  }
  return all;
}

function headersOfError(status: ErrorStatus, isKeyed: boolean): HeaderName[] {
  if (status === 429) return ['Retry-After', ...rateLimitHeaders];
  if (!isKeyed || !replayedErrors.includes(status)) return [];
  return status === 409 ? ['Retry-After', 'Idempotency-Replayed'] : ['Idempotency-Replayed'];
}

function successSchema(endpoint: Endpoint, components: Components): Json {
  const item = components.schemaOf(endpoint.response);
  if (!endpoint.list) return item;
  // Named by hand, as the page of each item type is a schema of its own.
  components.schemaOf(pagination);
  const page = components.schemaOf(pageOf(endpoint.response));
  return { oneOf: [{ type: 'array', items: item }, page] };
}

function groupByStatus(codes: Iterable<ErrorCode>): [ErrorStatus, ErrorCode[]][] {
  const groups = new Map<ErrorStatus, ErrorCode[]>();
  for (const code of codes) {
    const status = errorStatus[code];
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return [...groups].sort(([one], [other]) => one - other);
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}

/** Turns schemas into JSON Schema, and collects what is referred to by name. */
class Components {
  readonly schemas: Record<string, Json> = {};
  readonly headers: Partial<Record<HeaderName, Json>> = {};

  headersOf(names: readonly HeaderName[]): Json {
    for (const name of names) this.headers[name] = headers[name];
    return Object.fromEntries(
      names.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
    );
  }

  schemaOf(schema: z.ZodType): Json {
    // Wrapped, so that a schema with a name comes out as a reference even when it is the root.
    const { properties, $defs = {} } = z.toJSONSchema(z.object({ root: schema }), {
      // Also for answers: they may gain fields, so a client must not take the schema as closed.
      io: 'input',
      override: ({ jsonSchema }) => simplify(jsonSchema),
    });
    for (const [name, definition] of Object.entries($defs)) {
      this.schemas[name] = withComponentReferences(definition);
    }
    return withComponentReferences(properties?.root);
  }
}

/** Leaves out what zod adds of itself and what tells a reader nothing. */
function simplify(schema: { [key: string]: unknown }): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.format === 'date-time') delete schema.pattern;
}

function withComponentReferences(schema: unknown): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'));
}
