import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../testing/free-port.ts';
import { openBrowser } from '../testing/open-browser.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';

let testApp: TestApp;
let port: number;

beforeAll(async () => {
  testApp = await startTestApp();
  port = Number(new URL(testApp.url).port);
  await testApp.client.projects.create({ name: 'Private', path: '/projects/private' });
});
afterAll(() => testApp.close());

/** What a hostile page tries; see there. */
const hostilePage = readFileSync(new URL('../testing/hostile-page.js', import.meta.url), 'utf8');

/** @returns what the page could read of that address */
async function attack(page: Page, api: string): Promise<string[]> {
  await page.evaluate(hostilePage);
  return page.evaluate(`attack(${JSON.stringify(api)})`);
}

async function expectNothingHappened(): Promise<void> {
  const { data } = await testApp.client.projects.list();
  expect(data.map(({ name }) => name)).toEqual(['Private']);
}

/** Collects with which status BorgOS answers what the page asks. */
function statusesOf(page: Page): number[] {
  const statuses: number[] = [];
  page.on('response', (response) => {
    if (new URL(response.url()).port === String(port)) statuses.push(response.status());
  });
  return statuses;
}

describe('a web page that the user looks at', () => {
  test('of another origin reads and changes nothing', async () => {
    const foreignPort = await freePort();
    const site = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><body>hello');
    });
    site.listen(foreignPort, '127.0.0.1');
    onTestFinished(() => void site.close());
    const browser = await openBrowser(['--host-resolver-rules=MAP evil.test 127.0.0.1']);
    for (const host of ['evil.test', 'localhost']) {
      const page = await browser.newPage();
      const statuses = statusesOf(page);
      await page.goto(`http://${host}:${foreignPort}/`);
      expect(await attack(page, testApp.url)).toEqual([]);
      expect(await attack(page, `http://localhost:${port}`)).toEqual([]);
      expect(statuses.length).toBeGreaterThan(5);
      expect(statuses.filter((status) => status < 400)).toEqual([]);
    }
    await expectNothingHappened();
  });

  test('whose name was rebound to this machine reads and changes nothing', async () => {
    const browser = await openBrowser([
      '--host-resolver-rules=MAP rebound.test 127.0.0.1',
      // Newer browsers ask before a page may reach this machine; users say yes, and older ones don't.
      '--disable-features=LocalNetworkAccessChecks',
    ]);
    const page = await browser.newPage();
    const origin = `http://rebound.test:${port}`;
    // Its first page came from the attacker's own machine, at the time when that had the name.
    await page.route(`${origin}/start`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><body>hello' }),
    );
    await page.goto(`${origin}/start`);
    const statuses = statusesOf(page);
    expect(await attack(page, origin)).toEqual([]);
    expect(await attack(page, `http://localhost:${port}`)).toEqual([]);
    expect(new Set(statuses.filter((status) => status !== 403))).toEqual(new Set([421]));
    await expectNothingHappened();
  });

  test('of BorgOS itself may call', async () => {
    const browser = await openBrowser();
    const page = await browser.newPage();
    // A page that may fetch; that at / has no script at all.
    await page.goto(`http://localhost:${port}/docs`);
    const projects = await page.evaluate(
      `fetch('/api/v1/projects').then((answer) => answer.json())`,
    );
    expect(projects).toMatchObject([{ name: 'Private' }]);
  });
});
