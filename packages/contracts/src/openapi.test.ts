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
        parameters: z.array(z.looseObject({ name: z.string(), required: z.boolean() })),
        requestBody: z.looseObject({ required: z.boolean() }).optional(),
        responses: z.record(z.string(), z.looseObject({ description: z.string() })),
      }),
    ),
  ),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
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
  expect(create?.responses[409]?.description).toBe('Conflict: `PROJECT_EXISTS`.');
  expect(create?.responses[400]?.description).toBe(
    'Invalid request: `VALIDATION_FAILED`, `INVALID_JSON`, `PROJECT_PATH_NOT_ALLOWED`.',
  );
  expect(create?.requestBody?.required).toBe(true);
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
