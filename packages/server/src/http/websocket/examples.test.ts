import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from '../../testing/open-browser.ts';
import { startTestApp, type TestApp } from '../../testing/test-app.ts';
import { waitFor } from '../../testing/wait-for.ts';

let testApp: TestApp;
beforeAll(async () => {
  testApp = await startTestApp();
});
afterAll(() => testApp.close());

/** The reference's example, which sends as soon as it may. */
function followExample(url: string) {
  const received: { type: string; data: object }[] = [];
  const ws = new WebSocket(url);
  ws.onmessage = (event) => {
    const data = JSON.parse(event.data);
    received.push(data);
  };
  ws.onopen = () =>
    ws.send(JSON.stringify({ type: 'subscribe', channels: ['projects', 'deployments', 'errors'] }));
  return { ws, received };
}

test('the example of the reference works with the WebSocket of Node.js', async () => {
  const { ws, received } = followExample(`${testApp.url.replace('http', 'ws')}/ws`);
  await waitFor('the answer', async () => received.length > 0);
  const { id, name } = await testApp.client.projects.create({ name: 'A', path: '/a' });
  await waitFor('the event', async () => received.length > 1);
  expect(received.map(({ type }) => type)).toEqual(['subscribed', 'project_created']);
  expect(received[1]?.data).toMatchObject({ id, name });
  ws.close();
});

test('the example works in a browser on the own page, with a token as well, and on no other', async () => {
  const browser = await openBrowser();
  const page = await browser.newPage();
  await page.goto(`${testApp.url}/docs`);
  const address = `${testApp.url.replace('http', 'ws')}/ws`;
  await page.evaluate(`
    globalThis.followed = (${followExample.toString()})(${JSON.stringify(address)});`);
  const received = () =>
    page.evaluate<{ type: string; data: object }[]>('globalThis.followed.received');
  await waitFor('the answer', async () => (await received()).length > 0);
  const { id, name } = await testApp.client.projects.create({ name: 'B', path: '/b' });
  await waitFor('the event', async () => (await received()).length > 1);
  expect((await received())[1]).toMatchObject({ type: 'project_created', data: { id, name } });

  const outcome = (protocols: string[]) =>
    page.evaluate<string>(`new Promise((resolve) => {
      const ws = new WebSocket(${JSON.stringify(address)}, ${JSON.stringify(protocols)});
      ws.onopen = () => resolve('open as ' + ws.protocol);
      ws.onerror = () => resolve('refused');
    })`);
  const { token } = await testApp.client.tokens.create({ name: 't', scopes: ['projects:read'] });
  expect(await outcome(['borgos', `borgos.bearer.${token}`])).toBe('open as borgos');
  expect(await outcome(['borgos', 'borgos.bearer.borg_wrong'])).toBe('refused');

  for (const foreign of ['about:blank', `${testApp.url.replace('127.0.0.1', 'localhost')}/docs`]) {
    await page.goto(foreign);
    expect(await outcome(['borgos'])).toBe('refused');
  }
}, 60_000);
