import type { z } from 'zod';
import type { Actor, Caller } from './caller.ts';
import type { ErrorCode } from './errors.ts';
import type { HeaderName } from './openapi-headers.ts';

export const resources = [
  'projects',
  'deployments',
  'agents',
  'errors',
  'search',
  'mcp',
  'webhooks',
  'admin',
] as const;

/** What a caller may be allowed to do. To write includes to read. */
export type Scope = `${(typeof resources)[number]}:${'read' | 'write'}`;

export const scopes = resources.flatMap((resource): Scope[] => [
  `${resource}:read`,
  `${resource}:write`,
]);

/** The schema of a flat object: what path parameters, a query string and a body are made of. */
export type Shape = z.ZodObject;

/** One operation of the API: the single source of its route, its documentation and its types. */
export interface Endpoint {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The whole path, parameters in braces: `/api/v1/projects/{id}`. */
  path: `/${string}`;
  /** A group in the documentation. */
  tag: string;
  /** One line without a full stop. */
  summary: string;
  /** What a caller needs to know beyond the schemas; Markdown. */
  description: string;
  /**
   * What the caller must be allowed to do. `any`: nothing in particular, but it must be let in;
   * `null`: open to everybody, also from elsewhere and without a credential.
   */
  scope: Scope | 'any' | null;
  params?: Shape;
  query?: Shape;
  body?: Shape;
  /**
   * Of a POST that only asks, and so changes nothing: the fields of `query` may come in a JSON body,
   * too, each in one of the two places, and an `Idempotency-Key` has no effect.
   */
  queryInBody?: true;
  /**
   * The body may also be an array of up to so many such objects. The handler is given `items`,
   * however many there are.
   */
  mostItems?: number;
  /** The status of success. */
  status: 200 | 201 | 202;
  /** Another status of success, which the description tells apart. */
  otherStatus?: 200;
  /**
   * The body of success. For a `list` endpoint: the schema of one item, the answer being an array
   * of them or an envelope around it (see page.ts).
   */
  response: z.ZodType;
  list?: true;
  /** The schema of one line, where the answer can be a stream of NDJSON. */
  ndjson?: z.ZodType;
  /** Of success, beside those that any answer may have. */
  headers?: readonly HeaderName[];
  /** The codes this operation can answer with, beside those that any request can meet. */
  errors: readonly ErrorCode[];
}

/** Keeps the literal types of an endpoint, and refuses one whose input names overlap. */
export function defineEndpoint<const E extends Endpoint>(endpoint: E): E {
  const names = [endpoint.params, endpoint.query, endpoint.body].flatMap((shape) =>
    Object.keys(shape?.shape ?? {}),
  );
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) {
    // A client passes params, query and body as one object, so a name must have one place.
    throw new Error(`${endpoint.method} ${endpoint.path}: "${twice}" is in two parts of the input`);
  }
  return endpoint;
}

type Part<E, K extends string> = E extends { [key in K]: infer S extends z.ZodType } ? S : never;
type InputOf<S> = [S] extends [never] ? unknown : S extends z.ZodType ? z.input<S> : unknown;
type OutputOf<S> = [S] extends [never] ? unknown : S extends z.ZodType ? z.output<S> : unknown;
type Flat<T> = { [K in keyof T]: T[K] };

type BodyInput<E> = E extends { mostItems: number }
  ? InputOf<Part<E, 'body'>> | { items: InputOf<Part<E, 'body'>>[] }
  : InputOf<Part<E, 'body'>>;
type BodyOutput<E> = E extends { mostItems: number }
  ? { items: OutputOf<Part<E, 'body'>>[] }
  : OutputOf<Part<E, 'body'>>;

/**
 * What a caller passes: path parameters, query and body in one object; several bodies, where an
 * endpoint takes them, as `items`.
 */
export type EndpointInput<E extends Endpoint> = Flat<
  InputOf<Part<E, 'params'>> & InputOf<Part<E, 'query'>> & BodyInput<E>
>;

/** What a handler receives: the same, validated and with defaults filled in. */
export type ParsedInput<E extends Endpoint> = Flat<
  OutputOf<Part<E, 'params'>> & OutputOf<Part<E, 'query'>> & BodyOutput<E>
>;

/** The body of success; of one item for a list. */
export type EndpointResponse<E extends Endpoint> = z.output<E['response']>;

/** What a list handler returns: one page's items, and how many match in all. */
export interface ListResult<T> {
  items: T[];
  total: number;
}

/** What is known of a call beside its input. */
export interface Call {
  requestId: string;
  caller: Caller;
  /** The caller, as the events of what it changes name it. */
  actor: Actor;
  /** Aborts when the caller hangs up or the server gives up on the request. */
  signal: AbortSignal;
  /** The status of success; a handler may set it to the endpoint's `otherStatus`. */
  status: Endpoint['status'];
  /** Headers of the answer that a handler adds, by their names in lower case. */
  headers: Record<string, string>;
  /** Whether the caller asks for NDJSON: a handler may then return a stream, if the endpoint has one. */
  readonly wantsNdjson: boolean;
}

/**
 * What a handler returns to answer with a stream of NDJSON: text of whole lines, as it comes. It is
 * read as fast as the caller reads, and has to end soon after the call's `signal` aborts.
 */
export interface NdjsonStream {
  ndjson: AsyncIterable<string>;
}

export type Handler<E extends Endpoint> = (
  input: ParsedInput<E>,
  call: Call,
) => Promise<
  | (E extends { list: true } ? ListResult<EndpointResponse<E>> : EndpointResponse<E>)
  | (E extends { ndjson: z.ZodType } ? NdjsonStream : never)
>;

/** A handler for each endpoint of a resource; a missing or ill-typed one does not compile. */
export type Handlers<R extends Record<string, Endpoint>> = { [K in keyof R]: Handler<R[K]> };
