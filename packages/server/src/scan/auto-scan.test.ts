import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startTestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

test('a project that was scanned is scanned again after its files change', async () => {
  const testApp = await startTestApp({ settings: { autoScan: true } });
  const folder = await mkdtemp(path.join(tmpdir(), 'borgos-watched-'));
  onTestFinished(async () => {
    await testApp.close();
    await rm(folder, { recursive: true, force: true });
  });
  await writeFile(path.join(folder, 'main.py'), 'x = 1\n');
  const { id } = await testApp.client.projects.create({ name: 'Watched', path: folder });
  const scansOf = async () => (await testApp.client.scans.list({ id })).data;
  const lines = async () => (await testApp.client.projects.get({ id })).metadata.lines_of_code;
  await testApp.client.scans.start({ id });
  await waitFor('the first scan', async () => (await lines()) === 1);

  await writeFile(path.join(folder, 'more.py'), 'y = 2\nz = 3\n');
  await waitFor('another scan', async () => (await lines()) === 3, 90_000);
  expect((await scansOf()).map(({ trigger }) => trigger)).toEqual(['change', 'request']);
}, 120_000);
