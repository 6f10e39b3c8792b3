import type { Endpoint } from '@borgos/contracts/endpoint';
import type { ErrorDetail } from '@borgos/contracts/errors';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { describeIssue, detailsOf } from './validation-message.ts';

/** What came over the wire: text in `params` and `query`, JSON in `body`. */
export interface RawInput {
  params: unknown;
  query: unknown;
  body: unknown;
}

type Place = keyof RawInput;
type Fields = Record<string, unknown>;

interface Coercion {
  /** Takes several values, separated by commas or by giving the parameter again. */
  isList: boolean;
  read(text: string): unknown;
}

const nothing = z.strictObject({});
const mostDetails = 20;
const mostNamed = 3;

/**
 * Makes the function that checks the input of an endpoint and flattens its parts into one object.
 * The function throws AppError VALIDATION_FAILED that names everything that is wrong.
 */
export function inputParser(endpoint: Endpoint): (raw: RawInput) => Fields {
  const params = partParser('params', endpoint.params ?? nothing);
  if (endpoint.queryInBody) return eitherPlaceParser(endpoint);
  const query = partParser('query', endpoint.query ?? nothing);
  const { mostItems } = endpoint;
  const parseBody = partParser('body', endpoint.body ?? nothing);
  const body =
    mostItems === undefined ? parseBody : itemsParser(endpoint.body ?? nothing, mostItems);
  return (raw) => {
    const problems: ErrorDetail[] = [];
    const input: Fields = {
      ...params(raw.params ?? {}, problems),
      ...query(raw.query, problems),
      ...body(raw.body === undefined ? {} : raw.body, problems),
    };
    if (problems.length === 0) return input;
    throw refusal(problems, endpoint.body !== undefined && raw.body === undefined);
  };
}

/** For fields that may stand in the query string or in the body. */
function eitherPlaceParser(endpoint: Endpoint): (raw: RawInput) => Fields {
  const shape = endpoint.query ?? nothing;
  const names = Object.keys(shape.shape);
  const coercions = coercionsOf(shape);
  const params = partParser('params', endpoint.params ?? nothing);
  return (raw) => {
    const problems: ErrorDetail[] = [];
    const input: Fields = { ...params(raw.params ?? {}, problems) };
    const query = coerce(raw.query, coercions, 'query', problems);
    const body = raw.body === undefined ? {} : raw.body;
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw refusal([{ path: 'body', message: 'must be an object' }], false);
    }
    for (const name of Object.keys(body)) {
      if (!Object.hasOwn(query, name)) continue;
      problems.push({ path: `body.${name}`, message: 'is given in the query string, too' });
    }
    const result = shape.safeParse({ ...query, ...body }, { error: describeIssue });
    if (result.success) Object.assign(input, result.data);
    else {
      for (const issue of result.error.issues) {
        const [name = ''] = issue.code === 'unrecognized_keys' ? issue.keys : issue.path;
        const place = Object.hasOwn(body, name) ? 'body' : 'query';
        problems.push(...detailsOf([issue], place, names));
      }
    }
    if (problems.length > 0) throw refusal(problems, false);
    return input;
  };
}

function partParser(place: Place, shape: z.ZodObject) {
  const names = Object.keys(shape.shape);
  const coercions = place === 'body' ? undefined : coercionsOf(shape);
  const takesNothing = names.length === 0;
  return (raw: unknown, problems: ErrorDetail[]): Fields | undefined => {
    if (takesNothing && isEmpty(raw)) return undefined;
    const value = coercions ? coerce(raw, coercions, place, problems) : raw;
    const result = shape.safeParse(value, { error: describeIssue });
    if (result.success) return result.data;
    problems.push(...detailsOf(result.error.issues, place, names));
    return undefined;
  };
}

/** One object or several: the same for who works with them. */
function itemsParser(shape: z.ZodObject, mostItems: number) {
  const names = Object.keys(shape.shape);
  const array = z.array(shape).min(1).max(mostItems);
  const parseOne = partParser('body', shape);
  return (raw: unknown, problems: ErrorDetail[]): Fields | undefined => {
    if (!Array.isArray(raw)) {
      const item = parseOne(raw, problems);
      return item && { items: [item] };
    }
    const result = array.safeParse(raw, { error: describeIssue });
    if (result.success) return { items: result.data };
    problems.push(...detailsOf(result.error.issues, 'body', names));
    return undefined;
  };
}

function isEmpty(raw: unknown): boolean {
  return (
    typeof raw === 'object' && raw !== null && !Array.isArray(raw) && Object.keys(raw).length === 0
  );
}

function refusal(problems: ErrorDetail[], bodyIsMissing: boolean): AppError {
  // A field that is wrong in two ways is told once; and the answer must not outgrow the request.
  const paths = new Set<string>();
  const details = problems
    .filter(({ path }) => !paths.has(path) && paths.add(path))
    .slice(0, mostDetails);
  const named = details.slice(0, mostNamed).map(({ path, message }) => `${path} ${message}`);
  const more = paths.size - named.length;
  const message = `${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  return new AppError(
    'VALIDATION_FAILED',
    bodyIsMissing ? `A JSON body is needed: ${message}` : message,
    { details },
  );
}

/** How the text of each parameter becomes what its schema takes. */
function coercionsOf(shape: z.ZodObject): Map<string, Coercion> {
  const { properties = {} } = z.toJSONSchema(shape, { io: 'input' });
  return new Map(
    Object.entries(properties).map(([name, schema]) => [name, coercionOf(schema)] as const),
  );
}

function coercionOf(schema: z.core.JSONSchema._JSONSchema): Coercion {
  const { type, items } = typeof schema === 'object' ? schema : {};
  if (type === 'array') {
    const item = items && !Array.isArray(items) ? coercionOf(items) : undefined;
    return { isList: true, read: item?.read ?? asText };
  }
  const reads: Record<string, (text: string) => unknown> = {
    integer: (text) => (/^-?\d{1,20}$/.test(text) ? Number(text) + 0 : text),
    number: (text) => (/^-?\d{1,20}(\.\d{1,20})?$/.test(text) ? Number(text) : text),
    // Python writes booleans with a capital letter.
    boolean: (text) => ({ true: true, false: false })[text.toLowerCase()] ?? text,
  };
  return { isList: false, read: (typeof type === 'string' && reads[type]) || asText };
}

function asText(text: string): string {
  return text;
}

/** Reads parameters as their schemas want them; what does not fit stays text, for the schema to refuse. */
function coerce(
  raw: unknown,
  coercions: Map<string, Coercion>,
  place: Place,
  problems: ErrorDetail[],
): Fields {
  // Without a prototype, so that a parameter "__proto__" is a name like any other.
  const fields: Fields = Object.create(null);
  for (const [name, value] of Object.entries(raw ?? {})) {
    const texts: string[] = [value].flat();
    const coercion = coercions.get(name);
    if (coercion?.isList) {
      fields[name] = texts.flatMap((text) => text.split(',')).map(coercion.read);
    } else if (texts.length > 1) {
      problems.push({ path: `${place}.${name}`, message: 'is given more than once' });
    } else {
      fields[name] = texts.map(coercion?.read ?? asText)[0];
    }
  }
  return fields;
}
