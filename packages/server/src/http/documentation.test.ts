import { api } from '@borgos/contracts';
import { expect, test } from 'vitest';
import { startServer } from '../testing/http-server.ts';
import { openBrowser } from '../testing/open-browser.ts';
import { serveDocumentation } from './documentation.ts';
import { mount } from './mount.ts';

function startDocumentation() {
  return startServer((http) => {
    serveDocumentation(http, '1.2.3');
    const { list } = api.projects;
    mount(http, { list }, { list: async () => ({ items: [], total: 0 }) });
  });
}

test('the OpenAPI document describes the whole API', async () => {
  const { url } = await startDocumentation();
  const answer = await fetch(`${url}/api/v1/openapi.json`);
  expect(await answer.json()).toMatchObject({
    openapi: '3.1.0',
    info: { version: '1.2.3' },
    paths: { '/api/v1/projects': { get: { operationId: 'projects.list' } } },
  });
});

test('the script of the page comes compressed to whom takes that, and plain to others', async () => {
  const { url } = await startDocumentation();
  const compressed = await fetch(`${url}/docs/scalar.js`, {
    headers: { 'accept-encoding': 'gzip' },
  });
  expect(compressed.headers.get('content-encoding')).toBe('gzip');
  const plain = await fetch(`${url}/docs/scalar.js`, {
    headers: { 'accept-encoding': 'identity' },
  });
  expect(plain.headers.get('content-encoding')).toBeNull();
  expect(await plain.text()).toBe(await compressed.text());
});

test('the page shows the API in a browser and asks nobody but this server', async () => {
  const { url } = await startDocumentation();
  const browser = await openBrowser();
  const page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  const requests: string[] = [];
  const faults: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(`${url}/docs`);
  await page.getByRole('heading', { name: 'Whether the server is alive' }).waitFor();
  await page.getByRole('button', { name: 'Open Group - Projects' }).click();
  await page.getByRole('link', { name: 'List projects' }).first().click();
  await page.getByRole('heading', { name: 'List projects' }).waitFor();
  const answer = page.waitForResponse(`${url}/api/v1/projects*`);
  await page.getByRole('button', { name: 'Test Request (get /api/v1/projects)' }).click();
  await page.getByRole('button', { name: 'Send' }).first().click();
  expect((await answer).status()).toBe(200);
  await page.waitForLoadState('networkidle');
  expect(requests.filter((one) => !/^(data|blob):/.test(one) && !one.startsWith(url))).toEqual([]);
  expect(requests).toContain(`${url}/api/v1/openapi.json`);
  expect(faults).toEqual([]);
}, 60_000);
