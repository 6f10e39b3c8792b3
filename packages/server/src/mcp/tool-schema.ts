import type { Endpoint } from '@borgos/contracts/endpoint';
import type { Tool } from '@borgos/contracts/tools';
import { z } from 'zod';
import { inlinedSchema, type JsonSchema } from './inlined-schema.ts';

/** How many items a list gives an agent, unless it asks for more. */
export const defaultItems = 20;
export const mostItems = 100;

/** All that an endpoint takes, in one object. */
export function inputShape({ params, query, body }: Endpoint): z.ZodObject {
  return z.strictObject({ ...params?.shape, ...query?.shape, ...body?.shape });
}

/** What the tool takes, with as few words as a model needs: it reads every tool at each turn. */
export function inputSchemaOf({ endpoint, takes, destructive }: Tool): JsonSchema {
  const { properties } = inlinedSchema(inputShape(endpoint), 'input');
  const needed = requiredNames(endpoint).filter((name) => takes.includes(name));
  return {
    type: 'object',
    properties: {
      ...Object.fromEntries(takes.map((name) => [name, shortSchema(Object(properties)[name])])),
      ...(endpoint.list && {
        limit: { type: 'integer', maximum: mostItems },
        cursor: { type: 'string' },
      }),
      fields: { type: 'array', items: { type: 'string' } },
      ...(destructive && {
        confirm: { type: 'boolean', description: 'true once a person has agreed.' },
      }),
    },
    ...(needed.length > 0 && { required: needed }),
    additionalProperties: false,
  };
}

/** What the tool gives; every field may be left out, as others can be asked for. */
export function outputSchemaOf({ endpoint, gives }: Tool): JsonSchema {
  const properties = propertiesOf(endpoint.response);
  const item = {
    type: 'object',
    properties: Object.fromEntries(gives.map((name) => [name, typeOnly(properties[name])])),
  };
  if (isArray(endpoint)) {
    return { type: 'object', properties: { items: { type: 'array', items: item } } };
  }
  if (!endpoint.list) return item;
  return {
    type: 'object',
    properties: {
      items: { type: 'array', items: item },
      total: { type: 'integer' },
      next_cursor: { type: 'string' },
    },
    required: ['items', 'total'],
  };
}

/** Whether it answers a list that has no pages. */
function isArray({ response }: Endpoint): boolean {
  // One of another form is given only to who asks for that, which no tool does.
  const [usual] = response instanceof z.ZodUnion ? response.options : [response];
  return usual instanceof z.ZodArray;
}

/** The fields of an answer, or of its items; of all its forms, where it has several. */
export function propertiesOf(response: z.ZodType): Record<string, unknown> {
  const schema = inlinedSchema(response, 'output');
  const forms = [schema.anyOf ?? schema.oneOf ?? schema].flat().map(Object);
  return Object.assign({}, ...forms.map((form) => (form.items ?? form).properties));
}

/** The names of what it takes, those it needs first. */
export function parameterNames({ takes, endpoint }: Tool): string[] {
  const needed = requiredNames(endpoint);
  return [
    ...takes.filter((name) => needed.includes(name)),
    ...takes.filter((name) => !needed.includes(name)),
  ];
}

function requiredNames(endpoint: Endpoint): string[] {
  return [inlinedSchema(inputShape(endpoint), 'input').required ?? []].flat().map(String);
}

/** Types, choices and bounds; of the prose, the first sentence. */
function shortSchema(schema: unknown): JsonSchema {
  const { type, enum: choices, items, minimum, maximum, anyOf, ...rest } = formOf(schema);
  return withoutUndefined({
    type,
    enum: choices,
    items: items && shortSchema(items),
    // The bounds of integers in general say nothing.
    minimum: minimum !== undefined && minimum > -1e9 && minimum !== 1 ? minimum : undefined,
    maximum: maximum !== undefined && maximum < 1e9 ? maximum : undefined,
    // What is off by itself needs no word.
    default: rest.default === false ? undefined : rest.default,
    anyOf: anyOf?.map(shortSchema),
    description: rest.description && firstSentence(rest.description),
  });
}

type Form = z.core.JSONSchema.JSONSchema;

/** That a field may be emptied, too, is worth no words. */
function formOf(schema: unknown): Form {
  const { anyOf, ...rest }: Form = Object(schema);
  const forms = anyOf?.filter((form) => Object(form).type !== 'null');
  const [only] = forms ?? [];
  return forms?.length === 1 ? { ...Object(only), ...rest } : { ...rest, ...(anyOf && { anyOf }) };
}
function typeOnly(schema: unknown): JsonSchema {
  const { type, anyOf } = Object(schema);
  if (type !== undefined) return { type };
  const types = (anyOf ?? []).map((form: unknown) => Object(form).type);
  // What is of no type in particular may be anything.
  return types.length > 0 && types.every((type: unknown) => typeof type === 'string')
    ? { type: [...new Set(types)] }
    : {};
}

function firstSentence(text: string): string {
  return /^.*?\.(?=\s|$)/s.exec(text)?.[0] ?? text;
}

function withoutUndefined(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}
