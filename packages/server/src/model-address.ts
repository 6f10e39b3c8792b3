/**
 * Where an API that speaks as OpenAI's does has one of its routes.
 * @param url of the API, with or without `/v1` at its end
 * @param route such as `embeddings`
 */
export function modelAddress(url: string, route: 'chat/completions' | 'embeddings'): URL {
  const address = new URL(url);
  const path = address.pathname.replace(/\/+$/, '');
  address.pathname = `${path === '' ? '/v1' : path}/${route}`;
  return address;
}
