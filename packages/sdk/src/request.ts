import type { Endpoint } from '@borgos/contracts/endpoint';

/** What is sent for a call. */
export interface WireRequest {
  method: Endpoint['method'];
  /** Path and query. */
  path: string;
  /** JSON; `undefined`: no body. */
  body: string | undefined;
}

type Fields = Record<string, unknown>;

/** Puts each field of a flat input where the endpoint wants it; what no part knows goes with the last, for the server to refuse. */
export function wireRequest(endpoint: Endpoint, input: Fields): WireRequest {
  const path: Fields = {};
  const query: Fields = {};
  const body: Fields = {};
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue;
    if (has(endpoint.params, name)) path[name] = value;
    else if (endpoint.body && !has(endpoint.query, name)) body[name] = value;
    else query[name] = value;
  }
  // The one form that says how many there are.
  if (endpoint.list) query.envelope ??= true;
  const search = searchOf(query);
  return {
    method: endpoint.method,
    path: fillIn(endpoint.path, path) + (search && `?${search}`),
    body: endpoint.body && JSON.stringify(hasItems(endpoint, body) ? body.items : body),
  };
}

/** Several bodies are sent as an array. */
function hasItems({ mostItems, body: shape }: Endpoint, body: Fields): boolean {
  return mostItems !== undefined && !has(shape, 'items') && Array.isArray(body.items);
}

function has(shape: Endpoint['query'], name: string): boolean {
  return shape !== undefined && Object.hasOwn(shape.shape, name);
}

function fillIn(template: string, values: Fields): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    // Left empty, it would ask for another resource.
    if (value === undefined || value === '') throw new TypeError(`${name} is required`);
    return encodeURIComponent(String(value));
  });
}

function searchOf(query: Fields): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) search.set(name, String(value));
  return search.toString();
}
