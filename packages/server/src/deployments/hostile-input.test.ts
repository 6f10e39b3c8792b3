import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerForTests } from '../testing/docker-for-tests.ts';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

const docker = await dockerForTests();

/** Whatever is executed of what should not be leaves a file here. */
const canaries = await mkdtemp(path.join(tmpdir(), 'borgos-canary-'));
const canary = path.join(canaries, 'executed');
afterAll(() => rm(canaries, { recursive: true, force: true }));

async function expectNothingExecuted(): Promise<void> {
  await expect(access(canary)).rejects.toThrow('ENOENT');
}

const hostile = [
  ...[`$(touch ${canary})`, `\`touch ${canary}\``, `; touch ${canary} #`, `| touch ${canary}`],
  ...[`&& touch ${canary}`, `\ntouch ${canary}\n`, `'; touch ${canary}; '`, `"$(touch ${canary})"`],
  ...['\r\nX-Injected: 1', '\n', '\r', '\t', '"', "'", '\\', '`', '$', '$$', '%', '%s', '%00', ' '],
  ...['..', '../..', '/../../etc/passwd', './', '/', '//', '~', '~root', '-', '--help', '-rf', '='],
  ...[
    '$HOME',
    '$' + '{PATH}',
    '$(id)',
    '{HOST}',
    '{PORT}',
    '$PORT',
    '#',
    '!',
    '*',
    '?',
    '[a]',
    '{a,b}',
  ],
  ...[
    '&',
    '|',
    ';',
    '<',
    '>',
    '(',
    ')',
    '\u2028',
    '\u0000',
    '\u001b[31m',
    '\u007f',
    '\ud800',
    '😀',
  ],
  ...[
    'é',
    '漢字',
    '<script>',
    "' or 1=1 --",
    'null',
    'undefined',
    '__proto__',
    'NaN',
    '\\0',
    '\\n',
  ],
];
const text = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(fc.constantFrom(...hostile), { maxLength: 5 }).map((all) => all.join('')),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.constantFrom('a'.repeat(33_000), `/${'a'.repeat(2000)}`, '') },
);

/** Answers how it was started. */
const mirror = {
  'package.json': JSON.stringify({ name: 'mirror', main: 'server.js' }),
  'server.js': `
    const said = JSON.stringify({ env: process.env, argv: process.argv.slice(2) });
    require('node:http').createServer((request, response) => response.end(said))
      .listen(process.env.PORT, process.env.HOST);
    process.on('SIGTERM', () => process.exit(0));`,
};

async function mirrored(port: number): Promise<{ env: Record<string, string>; argv: string[] }> {
  const answer = await fetch(`http://localhost:${port}`);
  return JSON.parse(await answer.text());
}

/** The values of many runs that could be an environment variable. */
const values = [
  ...hostile,
  ...fc.sample(text, { numRuns: 150, seed: 1 }),
  ' leading and trailing ',
].filter((value) => value.isWellFormed() && !value.includes('\0') && value.length < 32_768);
const environment = {
  ...Object.fromEntries(values.map((value, index) => [`V${index}`, value])),
  constructor: 'c',
  toString: 't',
  LD_PRELOADED: 'l',
  IFS: '/',
  _: 'u',
};

describe.for(docker.available ? (['process', 'docker'] as const) : (['process'] as const))(
  'in the %s runtime',
  { timeout: 120_000 },
  (runtime) => {
    let app: TestApp;
    let folder: Awaited<ReturnType<typeof makeProjectFolder>>;
    let project_id: number;
    beforeAll(async () => {
      app = await startTestApp({ settings: { runtime } });
      folder = await makeProjectFolder(mirror);
      project_id = (await app.client.projects.create({ name: 'Mirror', path: folder.path })).id;
    });
    afterAll(async () => {
      const { data } = await app.client.deployments.list({});
      for (const { id } of data) await app.client.deployments.delete({ id });
      await app.close();
      await folder[Symbol.asyncDispose]();
    });

    async function run(project: number, body: object = {}, revision = 1) {
      const accepted = await app.request('POST', '/api/v1/deploy', {
        project_id: project,
        ...body,
      });
      expect(accepted.status, JSON.stringify(accepted.body).slice(0, 500)).toBe(202);
      const deployment = await waitFor(
        'the deployment to settle',
        async () => {
          const now = await app.client.deployments.get({ id: accepted.body.id });
          if (now.stage !== null || now.revision < revision) return false;
          return ['running', 'failed'].includes(now.status) && now;
        },
        60_000,
      );
      return { ...deployment, id: accepted.body.id };
    }

    test('every string is refused by its name, or shown in the plan without being run', async () => {
      const fields = fc.record(
        {
          name: text,
          root: text,
          health_check_path: text,
          cpu_limit: text,
          memory_limit: text,
          environment: fc.dictionary(text, text, { maxKeys: 3 }),
          secrets: fc.dictionary(text, text, { maxKeys: 3 }),
        },
        { requiredKeys: [] },
      );
      await fc.assert(
        fc.asyncProperty(fields, async (body) => {
          const { status, body: answer } = await app.request(
            'POST',
            '/api/v1/deploy?dry_run=true',
            {
              project_id,
              ...body,
            },
          );
          if (status === 200) return;
          expect([status, answer.code].join(' ')).toMatch(
            /^400 (VALIDATION_FAILED|INVALID_JSON|STACK_NOT_FOUND|LIMIT_UNAVAILABLE)$/,
          );
          if (answer.code !== 'VALIDATION_FAILED') return;
          const places = answer.details.map(({ path }: { path: string }) => path);
          for (const place of places) {
            expect(Object.keys(body)).toContain(place.split('.')[1]?.split('[')[0]);
          }
        }),
        { numRuns: 200 },
      );
      await expectNothingExecuted();
    });

    test('a variable that BorgOS sets is refused rather than replaced', async () => {
      for (const name of ['PORT', 'HOSTNAME', 'BORGOS_INSTANCE', 'BORGOS_BUILD']) {
        for (const field of ['environment', 'secrets']) {
          const body = { project_id, [field]: { [name]: 'a' } };
          const { status, body: answer } = await app.request('POST', '/api/v1/deploy', body);
          expect([status, answer.details[0].path]).toEqual([400, `body.${field}`]);
        }
      }
    });

    test('a string of 1 MB is refused wherever it is', async () => {
      const long = 'a'.repeat(1024 * 1024);
      for (const field of ['name', 'root', 'health_check_path', 'cpu_limit', 'environment']) {
        const value = field === 'environment' ? { A: long } : long;
        const { status } = await app.request('POST', '/api/v1/deploy', {
          project_id,
          [field]: value,
        });
        expect(status).toBe(413);
        const nearly = field === 'environment' ? { A: long.slice(100) } : long.slice(100);
        const refused = await app.request('POST', '/api/v1/deploy', {
          project_id,
          [field]: nearly,
        });
        expect(refused.status).toBe(400);
        expect(refused.body.details[0].path).toMatch(RegExp(`^body\\.${field}`));
      }
    });

    test('an environment arrives in the app byte for byte, and so do secrets', async () => {
      const { port, status, status_reason } = await run(project_id, { name: 'env', environment });
      expect([status, status_reason]).toEqual(['running', null]);
      const plain = await mirrored(port);
      expect(plain.env).toMatchObject(environment);
      const named = await run(project_id, { name: 'secret', secrets: filled(environment) });
      expect([named.status, named.status_reason]).toEqual(['running', null]);
      expect((await mirrored(named.port)).env).toMatchObject(filled(environment));
      await expectNothingExecuted();
    });

    test('the words and variables of borgos.json arrive byte for byte', async () => {
      const words = values.filter((word) => word.length < 8000 && !/[{$]\{?(PORT|HOST)/.test(word));
      await using own = await makeProjectFolder({
        ...mirror,
        'borgos.json': JSON.stringify({ start: ['node', 'server.js', ...words], environment }),
      });
      const project = await app.client.projects.create({ name: 'Words', path: own.path });
      const { port, status, status_reason } = await run(project.id);
      expect([status, status_reason]).toEqual(['running', null]);
      const { argv, env } = await mirrored(port);
      expect(argv).toEqual(words);
      expect(env).toMatchObject(environment);
      await expectNothingExecuted();
    });

    test('names of files and folders are only names', async () => {
      const names = hostile
        .filter((name) => name.isWellFormed() && !/[\0/]/.test(name) && !/^\.*$/.test(name))
        .concat(['a'.repeat(255), '{{x}}', '-', '--', '@x', ':', 'a\\b', ' ']);
      const place = `$(touch ${path.basename(canary)}) "x" 'y' \`z\``;
      await using own = await makeProjectFolder({
        ...Object.fromEntries(
          Object.entries(mirror).map(([name, text]) => [`${place}/${name}`, text]),
        ),
        ...Object.fromEntries(names.map((name) => [`${place}/${name}-file`.slice(0, 250), name])),
        ...Object.fromEntries(names.map((name) => [`${place}/dir/${name.slice(0, 200)}/a`, name])),
      });
      const project = await app.client.projects.create({ name: 'Names', path: own.path });
      const { port, status, status_reason } = await run(project.id, { root: place });
      expect([status, status_reason]).toEqual(['running', null]);
      await mirrored(port);
      await expectNothingExecuted();
    });

    test('a path of a project is only a path', async () => {
      await using own = await makeProjectFolder(
        Object.fromEntries(
          Object.entries(mirror).map(([name, text]) => [`$(touch x) "';&\u2028 -rf/${name}`, text]),
        ),
      );
      const place = path.join(own.path, `$(touch x) "';&\u2028 -rf`);
      const project = await app.client.projects.create({ name: '$(touch x)', path: place });
      const { status, status_reason } = await run(project.id);
      expect([status, status_reason]).toEqual(['running', null]);
      await expectNothingExecuted();
    });
  },
);

/** Secrets are never empty. */
function filled(variables: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
}
