import { expect, test } from 'vitest';
import { startServer } from '../testing/http-server.ts';
import { type HomeData, homePage, serveHomePage } from './home-page.ts';

const data: HomeData = {
  version: '1.2.3',
  database: 'PostgreSQL 18.4 (embedded)',
  runtime: 'Docker Engine 28.2.2',
  uptimeSeconds: 7300,
  projects: 3,
  deploymentsTotal: 1,
  deployments: [
    { name: 'shop-prod', url: 'http://localhost:8090', status: 'running', status_reason: null },
  ],
};

test('the page at / says what runs here and links to the rest', async () => {
  const { url } = await startServer((http) => serveHomePage(http, async () => data));
  const answer = await fetch(url);
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  const html = await answer.text();
  for (const text of [
    'Version 1.2.3, up 2 hours',
    'PostgreSQL 18.4 (embedded)',
    'Docker Engine 28.2.2',
    '<a href="http://localhost:8090">shop-prod</a>',
    'href="/docs"',
    'href="/api/v1/openapi.json"',
    'href="/health"',
    'href="/metrics"',
  ]) {
    expect(html).toContain(text);
  }
  expect(html).not.toContain('<script');
});

test('whatever a name or a reason holds, it is shown and not run', () => {
  const evil = `"><script>alert('1')</script>&`;
  const html = homePage({
    ...data,
    version: evil,
    runtime: evil,
    database: evil,
    deployments: [
      { name: evil, url: 'javascript:alert(1)', status: 'running', status_reason: evil },
    ],
  });
  expect(html).not.toContain('<script');
  expect(html).not.toContain('href="javascript:');
  expect(html).toContain('&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;');
});

test('where nothing is deployed, the page says what to do next', () => {
  const html = homePage({ ...data, projects: 0, deployments: [], deploymentsTotal: 0 });
  expect(html).toContain('Register a project, then deploy it');
});

test('what failed is not a link, and says why', () => {
  const html = homePage({
    ...data,
    deploymentsTotal: 51,
    deployments: [
      { name: 'shop', url: 'http://localhost:8090', status: 'failed', status_reason: 'It exited' },
    ],
  });
  expect(html).not.toContain('<a href="http://localhost:8090">');
  expect(html).toContain('It exited');
  expect(html).toContain('and 50 more');
});
