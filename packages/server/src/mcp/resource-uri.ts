import type { Endpoint } from '@borgos/contracts/endpoint';

const scheme = 'borgos://';
const apiPrefix = '/api/v1/';

/** The name under which all of an answer can be read, if its endpoint only reads. */
export function resourceUri(
  { method, path, params, query }: Endpoint,
  input: Record<string, unknown>,
): string | undefined {
  if (method !== 'GET' || !path.startsWith(apiPrefix)) return undefined;
  const place = path
    .slice(apiPrefix.length)
    .replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(input[name])));
  const asked = Object.keys(query?.shape ?? {})
    .filter((name) => input[name] !== undefined && !(name in (params?.shape ?? {})))
    .map((name) => [name, String(input[name])]);
  const search = new URLSearchParams(asked).toString();
  return `${scheme}${place}${search && `?${search}`}`;
}

/** What a name stands for: the text of its path and query, or nothing where it is none of ours. */
export function readResourceUri(
  uri: string,
  endpoints: Iterable<Endpoint>,
):
  | { endpoint: Endpoint; params: Record<string, string>; query: Record<string, string> }
  | undefined {
  if (!uri.startsWith(scheme)) return undefined;
  const [place = '', search = ''] = uri.slice(scheme.length).split('?', 2);
  const parts = place.split('/');
  for (const endpoint of endpoints) {
    const params = paramsOf(endpoint, parts);
    if (params) return { endpoint, params, query: Object.fromEntries(new URLSearchParams(search)) };
  }
  return undefined;
}

function paramsOf({ method, path }: Endpoint, parts: string[]): Record<string, string> | undefined {
  if (method !== 'GET' || !path.startsWith(apiPrefix)) return undefined;
  const wanted = path.slice(apiPrefix.length).split('/');
  if (wanted.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, name] of wanted.entries()) {
    const part = parts[index] ?? '';
    if (name.startsWith('{')) params[name.slice(1, -1)] = decoded(part);
    else if (name !== part) return undefined;
  }
  return params;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
