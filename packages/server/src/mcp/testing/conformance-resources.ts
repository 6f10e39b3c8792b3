import { onePixel } from './conformance-samples.ts';

export const conformanceResources = [
  {
    uri: 'test://static-text',
    name: 'static text',
    description: 'A fixture of the conformance suite.',
    mimeType: 'text/plain',
  },
  {
    uri: 'test://static-binary',
    name: 'static binary',
    description: 'A fixture of the conformance suite.',
    mimeType: 'image/png',
  },
];

export const conformanceTemplate = {
  uriTemplate: 'test://template/{id}/data',
  name: 'template',
  title: 'A template',
  description: 'A fixture of the conformance suite.',
  mimeType: 'application/json',
};

/** One of the resources above; `undefined`: none of them. */
export function readSample(uri: string) {
  if (uri === 'test://static-text') {
    const text = 'This is the content of the static text resource.';
    return { uri, mimeType: 'text/plain', text };
  }
  if (uri === 'test://static-binary') return { uri, mimeType: 'image/png', blob: onePixel };
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id === undefined) return undefined;
  const text = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
  return { uri, mimeType: 'application/json', text };
}
