import spectralCore from '@stoplight/spectral-core';
import spectralRulesets from '@stoplight/spectral-rulesets';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import { api } from './index.ts';
import { openApiDocument } from './openapi.ts';

/** What these tests look into, read back as a client would. */
const documentShape = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({ version: z.string() }),
  servers: z.array(z.looseObject({ url: z.string() })),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        operationId: z.string(),
        description: z.string(),
        security: z.array(z.record(z.string(), z.array(z.string()))),
        parameters: z.array(z.looseObject({ name: z.string(), required: z.boolean() })),
        requestBody: z.looseObject({ required: z.boolean() }).optional(),
        responses: z.record(
          z.string(),
          z.looseObject({ description: z.string(), headers: z.record(z.string(), z.unknown()) }),
        ),
      }),
    ),
  ),
  components: z.looseObject({
    schemas: z.record(z.string(), z.looseObject({})),
    securitySchemes: z.record(z.string(), z.looseObject({ scheme: z.string() })),
  }),
});

function documentOf(table: Record<string, Record<string, Endpoint>>) {
  return documentShape.parse(openApiDocument(table, { version: '1.2.3' }));
}

async function lint(document: unknown): Promise<string[]> {
  const spectral = new spectralCore.Spectral();
  const ruleset = {
    extends: [[spectralRulesets.oas, 'all']],
    // The first wants a mail address, the second an order that is not the reader's.
    rules: { 'contact-properties': 'off', 'openapi-tags-alphabetical': 'off' },
  };
  spectral.setRuleset(new spectralCore.Ruleset(ruleset));
  const findings = await spectral.run(JSON.stringify(document));
  return findings.map(({ code, path, message }) => `${code} ${path.join('.')}: ${message}`);
}

test('the linter finds no error and no warning in the document', async () => {
  expect(await lint(documentOf(api))).toEqual([]);
});

test('the linter would find an operation without a description', async () => {
  const { description: _, ...list } = api.projects.list;
  const findings = await lint(documentOf({ projects: { list: { ...list, description: '' } } }));
  expect(findings.join()).toContain('operation-description');
});

test('every endpoint of the table is in the document under its name', () => {
  const document = documentOf(api);
  for (const [resource, endpoints] of Object.entries(api)) {
    for (const [action, endpoint] of Object.entries<Endpoint>(endpoints)) {
      const operation = document.paths[endpoint.path]?.[endpoint.method.toLowerCase()];
      expect(operation?.operationId).toBe(`${resource}.${action}`);
    }
  }
});

test('a list answers with an array or an envelope, and says how many there are', () => {
  const answer = documentOf(api).paths['/api/v1/projects']?.get?.responses[200];
  expect(answer).toMatchObject({
    headers: { 'X-Total-Count': {}, Link: {} },
    content: {
      'application/json': {
        schema: {
          oneOf: [
            { type: 'array', items: { $ref: '#/components/schemas/Project' } },
            {
              properties: {
                data: { type: 'array', items: { $ref: '#/components/schemas/Project' } },
                pagination: { $ref: '#/components/schemas/Pagination' },
              },
            },
          ],
        },
      },
    },
  });
});

test('the errors of an operation are grouped by status and name their codes', () => {
  const create = documentOf(api).paths['/api/v1/projects']?.post;
  expect(create?.responses[409]?.description).toBe(
    'Conflict: `PROJECT_EXISTS`, `IDEMPOTENCY_KEY_IN_USE`, `OUTCOME_UNKNOWN`.',
  );
  expect(create?.responses[400]?.description).toBe(
    'Invalid request: `VALIDATION_FAILED`, `INVALID_JSON`, `PROJECT_PATH_NOT_ALLOWED`.',
  );
  expect(create?.requestBody?.required).toBe(true);
});

test('every POST that changes something takes an Idempotency-Key and says what may come of it, nothing else does', () => {
  for (const [path, operations] of Object.entries(documentOf(api).paths)) {
    for (const [method, { parameters, responses }] of Object.entries(operations)) {
      const isKeyed = method === 'post' && !path.startsWith('/api/v1/search/');
      const key = parameters.find(({ name }) => name === 'Idempotency-Key');
      const codes = [responses[409], responses[422]].map((answer) => answer?.description).join();
      expect([path, method, key !== undefined]).toEqual([path, method, isKeyed]);
      for (const code of ['IDEMPOTENCY_KEY_IN_USE', 'OUTCOME_UNKNOWN', 'IDEMPOTENCY_KEY_REUSED']) {
        expect([path, method, codes.includes(code)]).toEqual([path, method, isKeyed]);
      }
      if (isKeyed) {
        expect(key).toMatchObject({ in: 'header', required: false });
        expect(responses[409]?.headers).toHaveProperty('Retry-After');
      }
    }
  }
});

test('what is limited says how much is left, and when to come back', () => {
  const document = documentOf(api);
  const { responses } = document.paths['/api/v1/projects']?.get ?? {};
  expect(responses?.[200]?.headers).toMatchObject({
    'X-RateLimit-Limit': { $ref: '#/components/headers/X-RateLimit-Limit' },
    'X-RateLimit-Remaining': {},
    'X-RateLimit-Reset': {},
  });
  expect(responses?.[429]?.description).toBe('Too many requests: `RATE_LIMITED`.');
  expect(responses?.[429]?.headers).toHaveProperty('Retry-After');
  expect(document.paths['/health']?.get?.responses).not.toHaveProperty('429');
});

test('a search that may have missed something has a header that says so', () => {
  const { responses } = documentOf(api).paths['/api/v1/search/code']?.post ?? {};
  expect(responses?.[200]?.headers).toHaveProperty('X-Search-Incomplete');
});

test('an operation says which credentials it takes and which scope it needs', () => {
  const { paths, components } = documentOf(api);
  expect(Object.keys(components.securitySchemes)).toEqual(['basic', 'bearer']);
  const create = paths['/api/v1/projects']?.post;
  expect(create?.security).toEqual([{}, { basic: [] }, { bearer: [] }]);
  expect(create).toHaveProperty('x-scope', 'projects:write');
  expect(create?.description).toMatch(/Needs the scope `projects:write`\.$/);
  expect(create?.responses[403]?.description).toContain('SCOPE_MISSING');

  const me = paths['/api/v1/auth/me']?.get;
  expect(me?.security).toHaveLength(3);
  expect(me).not.toHaveProperty('x-scope');
  expect(me?.responses[403]?.description).not.toContain('SCOPE_MISSING');

  expect(paths['/health']?.get?.security).toEqual([]);
});

test('a list of words in the query is separated by commas', () => {
  const parameters = documentOf(api).paths['/api/v1/projects']?.get?.parameters;
  expect(parameters?.find(({ name }) => name === 'tech_stack')).toMatchObject({
    style: 'form',
    explode: false,
    required: false,
    schema: { type: 'array' },
  });
});

test('path parameters are required', () => {
  const parameters = documentOf(api).paths['/api/v1/projects/{id}']?.get?.parameters;
  expect(parameters).toMatchObject([{ name: 'id', in: 'path', required: true }]);
});

test('answers may gain fields: no schema of an answer is closed', () => {
  expect(documentOf(api).components.schemas.Project).not.toHaveProperty('additionalProperties');
});

test('a body of which nothing is required may be left out', () => {
  const rename = defineEndpoint({
    method: 'PATCH',
    path: '/api/v1/things',
    tag: 'Projects',
    summary: 'Rename',
    description: 'Renames.',
    scope: null,
    body: z.strictObject({ name: z.string().optional() }),
    status: 200,
    response: z.object({}),
    errors: [],
  });
  const document = documentOf({ things: { rename } });
  expect(document.paths['/api/v1/things']?.patch?.requestBody?.required).toBe(false);
});

test('a tag without a description is refused when the document is made', () => {
  const table = { projects: { list: { ...api.projects.list, tag: 'Unheard of' } } };
  expect(() => documentOf(table)).toThrow('"Unheard of"');
});
