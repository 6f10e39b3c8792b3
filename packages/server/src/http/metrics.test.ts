import { pino } from 'pino';
import { expect, test } from 'vitest';
import { echo, startServer } from '../testing/http-server.ts';
import { createMetrics, type Figure, type Measure } from './metrics.ts';
import { mount } from './mount.ts';

async function startWith(measures: Measure[], figures: Figure[] = []) {
  const metrics = createMetrics(pino({ level: 'silent' }), measures, figures);
  return startServer(
    (http) => {
      metrics.serve(http);
      mount(http, { echo }, { echo: async (input) => input });
    },
    { onAnswer: metrics.onAnswer },
  );
}

async function scrape(url: string): Promise<string> {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.headers.get('content-type')).toContain('text/plain');
  return answer.text();
}

test('requests are counted by route, method and status, and timed', async () => {
  const { url } = await startWith([]);
  await fetch(`${url}/echo`, { method: 'POST' });
  await fetch(`${url}/echo?no=1`, { method: 'POST' });
  await fetch(`${url}/${Math.random()}`);
  const text = await scrape(url);
  const count = 'borgos_http_request_duration_seconds_count';
  expect(text).toContain(`${count}{route="/echo",method="POST",status="200"} 1`);
  expect(text).toContain(`${count}{route="/echo",method="POST",status="400"} 1`);
  expect(text).toContain(`${count}{route="(none)",method="GET",status="404"} 1`);
});

test('the process and its event loop are measured', async () => {
  const { url } = await startWith([]);
  const text = await scrape(url);
  expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
});

test('figures of others are read when they are asked for', async () => {
  let projects = 1;
  const { url } = await startWith([
    { name: 'borgos_projects', help: 'Projects.', read: async () => projects },
    {
      name: 'borgos_deployments',
      help: 'Deployments.',
      label: 'status',
      read: async () => ({ running: 2, failed: 1 }),
    },
  ]);
  expect(await scrape(url)).toContain('borgos_projects 1');
  projects = 7;
  const text = await scrape(url);
  expect(text).toContain('borgos_projects 7');
  expect(text).toContain('borgos_deployments{status="running"} 2');
});

test('a figure that cannot be read is left out, and the others stay', async () => {
  const { url } = await startWith([
    { name: 'borgos_projects', help: 'Projects.', read: () => Promise.reject(new Error('down')) },
  ]);
  const text = await scrape(url);
  expect(text).not.toMatch(/^borgos_projects /m);
  expect(text).toContain('process_resident_memory_bytes');
});

test('figures of several objects have labels, and those of objects that are gone are not told', async () => {
  let ids = ['7', '8'];
  const read = async () => ids.map((id) => ({ labels: { id, name: 'web' }, value: Number(id) }));
  const common = { help: 'x', labels: ['id', 'name'], read };
  const { url } = await startWith(
    [],
    [
      { ...common, name: 'borgos_cores', kind: 'gauge' },
      { ...common, name: 'borgos_requests_total', kind: 'counter' },
    ],
  );
  await scrape(url);
  const text = await scrape(url);
  expect(text).toContain('borgos_cores{id="7",name="web"} 7');
  expect(text).toContain('# TYPE borgos_requests_total counter');
  expect(text).toContain('borgos_requests_total{id="8",name="web"} 8');
  ids = ['8'];
  const later = await scrape(url);
  expect(later).not.toContain('id="7"');
  expect(later).toContain('borgos_requests_total{id="8",name="web"} 8');
});
