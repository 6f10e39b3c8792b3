import { once } from 'node:events';
import { access, symlink } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerForTests } from '../testing/docker-for-tests.ts';
import { freePort } from '../testing/free-port.ts';
import { makeProjectFolder, nodeApp } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { isPortFree } from './ports.ts';

const docker = await dockerForTests();

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

describe.for(docker.available ? (['process', 'docker'] as const) : (['process'] as const))(
  'a deployment in the %s runtime',
  { timeout: 60_000 },
  (runtime) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startTestApp({
        settings: { runtime },
        deadlines: { health: 8_000, wrongPort: 2_000, settle: 200, grace: 2_000 },
      });
    });
    afterAll(() => app.close());

    async function register(files: Record<string, string>, name = 'Shop') {
      const folder = await makeProjectFolder(files);
      const { id } = await app.client.projects.create({ name, path: folder.path });
      return { id, folder, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
    }

    /** What the runtime has of a deployment, and who listens on its port. */
    async function leftovers(id: number, port: number) {
      const instances = await app.app.runtime.list();
      return {
        instances: instances.filter(({ deploymentId }) => deploymentId === id),
        portIsFree: await isPortFree(port),
      };
    }
    const nothing = { instances: [], portIsFree: true };

    test('runs a real project on its port with one call, and answers as the reference shows', async () => {
      await using project = await register(nodeApp('hello'));
      const port = await freePort();
      const { status, body } = await app.request('POST', '/api/v1/deploy', {
        project_id: project.id,
        port,
        name: 'my-deployment',
        environment: { NODE_ENV: 'staging', GREETING: 'a=b "c" $d' },
      });
      expect(status).toBe(202);
      expect(body).toEqual({
        message: `Deployment created on port ${port}`,
        id: expect.any(Number),
      });

      const deployment = await app.until(body.id, 'running', 'failed');
      expect(deployment).toMatchObject({
        project_id: project.id,
        name: 'my-deployment',
        port,
        status: 'running',
        status_reason: null,
        failure_code: null,
        stage: null,
        url: `http://localhost:${port}`,
        health_check_url: `http://localhost:${port}/`,
        environment: { NODE_ENV: 'staging', GREETING: 'a=b "c" $d' },
        cpu_limit: null,
        memory_limit: null,
        runtime,
        revision: 1,
        restarts: 0,
        started_at: expect.any(String),
      });
      expect(await (await fetch(deployment.url)).text()).toBe('hello');
      const seen = JSON.parse(await (await fetch(`${deployment.url}/env`)).text());
      expect(seen).toMatchObject({ NODE_ENV: 'staging', GREETING: 'a=b "c" $d' });
      expect(Object.keys(seen)).toEqual(expect.arrayContaining(['PORT', 'HOST']));
      expect(Object.keys(seen)).not.toContain('DATABASE_URL');

      const read = await app.client.projects.get({ id: project.id });
      expect(read.deployments).toEqual([
        { id: body.id, name: 'my-deployment', port, status: 'running' },
      ]);
      await app.client.deployments.delete({ id: body.id });
    });

    test('is stopped, started, restarted and deleted, and leaves nothing behind', async () => {
      await using project = await register(nodeApp('again'));
      const port = await freePort();
      const { id } = await deploy(project.id, { port });
      await app.until(id, 'running');

      expect(await app.client.deployments.stop({ id })).toEqual({
        message: `Deployment ${id} stopped`,
        id,
        status: 'stopped',
      });
      expect(await leftovers(id, port)).toEqual(nothing);
      expect(await app.client.deployments.get({ id })).toMatchObject({
        status: 'stopped',
        container_id: null,
        stopped_at: expect.any(String),
      });
      expect(await app.client.deployments.start({ id })).toMatchObject({ status: 'running' });
      expect(await (await fetch(`http://localhost:${port}`)).text()).toBe('again');
      expect(await app.client.deployments.restart({ id })).toMatchObject({
        message: `Deployment ${id} restarted`,
        status: 'running',
      });
      expect(await (await fetch(`http://localhost:${port}`)).text()).toBe('again');

      const { image } = await app.client.deployments.get({ id });
      expect(await app.app.runtime.hasArtifact(String(image))).toBe(true);
      expect(await app.client.deployments.delete({ id })).toEqual({
        message: `Deployment ${id} deleted`,
        id,
        volumes: [],
      });
      expect(await leftovers(id, port)).toEqual(nothing);
      expect(await app.app.runtime.hasArtifact(String(image))).toBe(false);
      expect(await exists(path.join(app.home, 'deployments', String(id)))).toBe(false);
      await expect(app.client.deployments.get({ id })).rejects.toMatchObject({ status: 404 });
      await app.client.projects.delete({ id: project.id });
    });

    test('is redeployed under the same name without dropping a request', async () => {
      await using project = await register(nodeApp('one'));
      const port = await freePort();
      const { id } = await deploy(project.id, { port, environment: { KEPT: 'yes' } });
      await app.until(id, 'running');
      await project.folder.write(nodeApp('two'));

      const answers: string[] = [];
      let done = false;
      const visitor = (async () => {
        while (!done) {
          const response = await fetch(`http://localhost:${port}`);
          answers.push(`${response.status} ${await response.text()}`);
        }
      })();
      expect((await deploy(project.id, { port })).id).toBe(id);
      const redeployed = await app.until(id, 'running', 'failed');
      done = true;
      await visitor;

      expect(redeployed).toMatchObject({ revision: 2, environment: { KEPT: 'yes' } });
      expect(new Set(answers)).toEqual(new Set(['200 one', '200 two']));
      await app.client.deployments.delete({ id });
    });

    test('lets a slow answer end before the release that gives it is stopped', async () => {
      const slow = (text: string) => ({
        ...nodeApp(''),
        'server.js': `
          const server = require('node:http').createServer((request, response) => {
            if (request.url !== '/slow') return response.end(${JSON.stringify(text)});
            response.write('begun by ${text}, ');
            setTimeout(() => response.end('ended by ${text}'), 4000);
          });
          server.listen(process.env.PORT, process.env.HOST);
        `,
      });
      await using project = await register(slow('one'));
      const { id, port } = await deployed(project.id);
      await project.folder.write(slow('two'));
      const answer = await fetch(`http://localhost:${port}/slow`);
      await deploy(project.id, { port });
      const text = answer.text();
      await app.until(id, 'running', 'failed');
      expect(await (await fetch(`http://localhost:${port}`)).text()).toBe('two');
      expect(await text).toBe('begun by one, ended by one');
      await waitFor('the old one to be stopped', async () => {
        const instances = await app.app.runtime.list();
        return instances.filter(({ deploymentId }) => deploymentId === id).length === 1;
      });
      await app.client.deployments.delete({ id });
    });

    test('that fails leaves the one before it serving, and says why', async () => {
      await using project = await register(nodeApp('good'));
      const { id, port } = await deployed(project.id);
      await project.folder.write({
        'server.js': 'console.log("broken on purpose"); process.exit(3);',
      });
      await deploy(project.id, { port });
      const after = await app.until(id, 'running', 'failed');
      expect(after).toMatchObject({ status: 'running', revision: 1, failure_code: 'EXITED' });
      expect(after.status_reason).toContain('Revision 2 failed');
      expect(after.status_reason).toContain('broken on purpose');
      expect(await (await fetch(`http://localhost:${port}`)).text()).toBe('good');
      // It runs: there is nothing to start, and nothing that has failed now.
      expect(await app.client.deployments.start({ id })).toMatchObject({ status: 'running' });
      expect(
        (await app.app.runtime.list()).filter(({ deploymentId }) => deploymentId === id),
      ).toHaveLength(1);
      await app.client.deployments.delete({ id });
    });

    test.for([
      [
        'exits at once',
        'console.log("no config"); process.exit(7)',
        'EXITED',
        ['code 7', 'no config'],
      ],
      [
        'prints what no database takes',
        'process.stdout.write("odd \\0 \\ud83d output"); process.exit(3)',
        'EXITED',
        ['code 3', 'odd'],
      ],
      ['throws at start', 'throw new Error("boom at start")', 'EXITED', ['boom at start']],
      [
        'listens on another port',
        'require("http").createServer((q, s) => s.end()).listen(ELSEWHERE, "0.0.0.0")',
        'WRONG_PORT',
        ['ELSEWHERE', 'expected 0.0.0.0:', 'PORT'],
      ],
      [
        'never listens',
        'setInterval(() => {}, 1000)',
        'UNHEALTHY',
        ['refuses connections', 'PORT'],
      ],
      [
        'never answers',
        'require("net").createServer(() => {}).listen(process.env.PORT, process.env.HOST)',
        'UNHEALTHY',
        ['did not answer'],
      ],
      [
        'answers 500 only',
        'require("http").createServer((q, s) => { s.statusCode = 503; s.end() }).listen(process.env.PORT, process.env.HOST)',
        'UNHEALTHY',
        ['answered 503'],
      ],
    ] as const)(
      'of an app that %s fails with the true reason and leaves nothing',
      async ([_, code, failure, words]) => {
        const elsewhere = String(await freePort());
        const filled = (text: string) => text.replace('ELSEWHERE', elsewhere);
        await using project = await register({ ...nodeApp(''), 'server.js': filled(code) });
        const port = await freePort();
        const { id } = await deploy(project.id, { port });
        const deployment = await app.until(id, 'failed', 'running');
        expect(deployment).toMatchObject({ status: 'failed', failure_code: failure, image: null });
        for (const word of words) expect(deployment.status_reason).toContain(filled(word));
        expect(await leftovers(id, port)).toEqual(nothing);
        await app.client.deployments.delete({ id });
      },
    );

    test('is started anew when its app is removed from outside', async () => {
      await using project = await register(nodeApp('healed'));
      const { id, port, image } = await deployed(project.id);
      const own = async () =>
        (await app.app.runtime.list()).filter(({ deploymentId }) => deploymentId === id);
      const [before] = await own();
      await app.app.runtime.stop(before?.name ?? '', 0);
      await waitFor('another instance', async () => {
        const [after] = await own();
        return after !== undefined && after.name !== before?.name;
      });
      const deployment = await app.until(id, 'running');
      expect(deployment).toMatchObject({ revision: 1, image, status_reason: null });
      expect(await (await fetch(`http://localhost:${port}`)).text()).toBe('healed');
      await app.client.deployments.delete({ id });
    });

    test('that keeps crashing is stopped as a crash loop, with the end of its output', async () => {
      await using project = await register({
        ...nodeApp(''),
        'server.js': `
          require('node:http').createServer((q, s) => s.end('up')).listen(process.env.PORT, process.env.HOST);
          setTimeout(() => { console.log('out of luck'); process.exit(9) }, 400);
        `,
      });
      const { id } = await deploy(project.id, {});
      const deployment = await waitFor(
        'the crash loop',
        async () => {
          const deployment = await app.client.deployments.get({ id });
          return deployment.status === 'crash_loop' && deployment;
        },
        45_000,
      );
      expect(deployment).toMatchObject({ failure_code: 'EXITED', container_id: null });
      expect(deployment.status_reason).toContain('out of luck');
      expect(await app.app.runtime.list()).toEqual([]);
      await app.client.deployments.delete({ id });
    });

    test('is stopped at once while it waits for the build of another', async () => {
      const hanging = {
        'package.json': JSON.stringify({
          name: 'app',
          main: 'server.js',
          scripts: { build: 'node build.js' },
        }),
        'build.js': 'setInterval(() => {}, 1000)',
        'server.js': '',
      };
      await using first = await register(hanging, 'First');
      await using second = await register(hanging, 'Second');
      const { id: one } = await deploy(first.id, {});
      await waitFor('the first build', async () =>
        (await app.client.deployments.get({ id: one })).stage?.startsWith('building'),
      );
      const { id: two } = await deploy(second.id, {});
      await waitFor('the second to wait', async () =>
        (await app.client.deployments.get({ id: two })).stage?.startsWith(
          'waiting for other builds',
        ),
      );
      const started = Date.now();
      expect(await app.client.deployments.stop({ id: two })).toMatchObject({ status: 'stopped' });
      expect(Date.now() - started).toBeLessThan(5_000);
      expect(await app.client.deployments.get({ id: one })).toMatchObject({ status: 'building' });
      await app.client.deployments.delete({ id: one });
      await app.client.deployments.delete({ id: two });
    });

    test('whose build fails says the step and its last lines, and leaves nothing', async () => {
      await using project = await register({
        'package.json': JSON.stringify({
          name: 'app',
          main: 'server.js',
          scripts: { build: 'node build.js' },
        }),
        'build.js': 'console.error("cannot find the flux capacitor"); process.exit(1)',
        'server.js': '',
      });
      const port = await freePort();
      const { id } = await deploy(project.id, { port });
      const deployment = await app.until(id, 'failed', 'running');
      expect(deployment).toMatchObject({ failure_code: 'BUILD_FAILED' });
      expect(deployment.status_reason).toContain('cannot find the flux capacitor');
      const log = await app.client.deployments.logs({ id, stream: 'build' });
      expect(log.content).toContain('cannot find the flux capacitor');
      expect(await leftovers(id, port)).toEqual(nothing);
      await app.client.deployments.delete({ id });
    });

    test('is overtaken while it builds: the newest wish wins', async () => {
      await using project = await register({
        'package.json': JSON.stringify({
          name: 'app',
          main: 'server.js',
          scripts: { build: 'node build.js' },
        }),
        'build.js': 'console.log("building"); setInterval(() => {}, 1000)',
        'server.js': '',
      });
      const port = await freePort();
      const { id } = await deploy(project.id, { port });
      await app.until(id, 'building');
      expect(await app.client.deployments.stop({ id })).toMatchObject({ status: 'stopped' });
      expect(await leftovers(id, port)).toEqual(nothing);
      await app.client.deployments.delete({ id });
    });

    test('serves a static site', async () => {
      await using project = await register({
        'index.html': '<h1>Static</h1>',
        'style.css': 'h1 {}',
      });
      const { id, port } = await deployed(project.id);
      const page = await fetch(`http://localhost:${port}`);
      expect(page.headers.get('content-type')).toContain('text/html');
      expect(await page.text()).toBe('<h1>Static</h1>');
      expect((await fetch(`http://localhost:${port}/none`)).status).toBe(404);
      await app.client.deployments.delete({ id });
    });

    test('starts what a Procfile says, with the port that it was given', async () => {
      await using project = await register({
        ...nodeApp(''),
        Procfile: 'web: node listen.js --port $PORT',
        'listen.js': `
          const port = process.argv[process.argv.indexOf('--port') + 1];
          require('node:http').createServer((q, s) => s.end(port)).listen(port, process.env.HOST);
        `,
      });
      const { id, port } = await deployed(project.id);
      const seen = await (await fetch(`http://localhost:${port}`)).text();
      const [instance] = (await app.app.runtime.list()).filter(
        ({ deploymentId }) => deploymentId === id,
      );
      expect(seen).toBe(String(instance?.port));
      await app.client.deployments.delete({ id });
    });

    test('serves a Python project', async () => {
      await using project = await register({
        'main.py': `
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'python')
http.server.HTTPServer((os.environ['HOST'], int(os.environ['PORT'])), Handler).serve_forever()
`,
      });
      const { id, port } = await deployed(project.id);
      expect(await (await fetch(`http://localhost:${port}`)).text()).toBe('python');
      await app.client.deployments.delete({ id });
    });

    test('keeps what the app prints, in order, over restarts', async () => {
      await using project = await register(nodeApp('printed'));
      const { id } = await deployed(project.id);
      await app.client.deployments.restart({ id });
      const log = await app.client.deployments.logs({ id });
      expect(log.content.match(/listening: printed/g)).toHaveLength(2);
      const rest = await app.client.deployments.logs({ id, offset: log.next_offset });
      expect(rest.content).toBe('');
      await app.client.deployments.delete({ id });
    });

    test('says whether its limits are enforced', async () => {
      await using project = await register(nodeApp('limited'));
      const { id } = await deployed(project.id, { cpu_limit: '0.5', memory_limit: '256m' });
      const deployment = await app.client.deployments.get({ id });
      const { enforced, reason } = app.app.runtime.limits;
      expect(deployment).toMatchObject({
        cpu_limit: '0.5',
        memory_limit: '256m',
        limits_enforced: enforced,
      });
      if (!enforced) expect(deployment.status_reason).toContain(reason);
      await app.client.deployments.delete({ id });
    });

    test('refuses a link that leads out of the directory', async () => {
      await using project = await register(nodeApp('x'));
      await symlink('/etc/passwd', path.join(project.folder.path, 'secrets.txt'));
      const port = await freePort();
      const { id } = await deploy(project.id, { port });
      const deployment = await app.until(id, 'failed', 'running');
      expect(deployment).toMatchObject({ failure_code: 'SOURCE_UNSAFE' });
      expect(deployment.status_reason).toContain('secrets.txt');
      expect(await leftovers(id, port)).toEqual(nothing);
      await app.client.deployments.delete({ id });
    });

    test('shows the plan without doing anything', async () => {
      await using project = await register(nodeApp('plan'));
      const { status, body } = await app.request('POST', '/api/v1/deploy?dry_run=true', {
        project_id: project.id,
      });
      expect(status).toBe(200);
      expect(body).toMatchObject({ stack: 'node', found_by: 'package.json', runtime, files: 2 });
      if (runtime === 'docker') expect(body.dockerfile).toContain('FROM ');
      expect((await app.client.deployments.list({ project_id: project.id })).data).toEqual([]);
    });

    test('of a directory that nothing is known of says what to add', async () => {
      await using project = await register({ 'notes.txt': 'nothing here' });
      const { status, body } = await app.request('POST', '/api/v1/deploy?dry_run=true', {
        project_id: project.id,
      });
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'STACK_NOT_FOUND' });
      const { id } = await deploy(project.id, { port: await freePort() });
      expect(await app.until(id, 'failed')).toMatchObject({ failure_code: 'STACK_NOT_FOUND' });
      await app.client.deployments.delete({ id });
    });

    type Body = Partial<Parameters<TestApp['client']['deployments']['deploy']>[0]>;
    async function deploy(project_id: number, body: Body): Promise<{ id: number }> {
      const answer = await app.client.deployments.deploy({ project_id, name: 'prod', ...body });
      if (!('id' in answer)) throw new Error('the answer is a plan');
      return answer;
    }
    async function deployed(project_id: number, body: Body = {}) {
      const { id } = await deploy(project_id, body);
      const deployment = await app.until(id, 'running', 'failed');
      expect(deployment).toMatchObject({ status: 'running' });
      return deployment;
    }
  },
);

test('a build that never ends is cancelled at its deadline, with the end of its output', async () => {
  const app = await startTestApp({ deadlines: { build: 2_000 } });
  await using folder = await makeProjectFolder({
    'package.json': JSON.stringify({
      name: 'app',
      main: 'server.js',
      scripts: { build: 'node build.js' },
    }),
    'build.js': 'console.log("step one of none"); setInterval(() => {}, 1000)',
    'server.js': '',
  });
  try {
    const project = await app.client.projects.create({ name: 'Endless', path: folder.path });
    const answer = await app.client.deployments.deploy({ project_id: project.id });
    if (!('id' in answer)) throw new Error('the answer is a plan');
    const deployment = await app.until(answer.id, 'failed');
    expect(deployment).toMatchObject({ failure_code: 'BUILD_TIMEOUT', image: null });
    expect(deployment.status_reason).toContain('step one of none');
    expect(await app.app.runtime.list()).toEqual([]);
    expect(await isPortFree(deployment.port)).toBe(true);
  } finally {
    await app.close();
  }
});

describe('asking for a deployment', () => {
  let app: TestApp;
  let projectId: number;
  let folder: Awaited<ReturnType<typeof makeProjectFolder>>;
  beforeAll(async () => {
    app = await startTestApp();
    folder = await makeProjectFolder(nodeApp('x'));
    projectId = (await app.client.projects.create({ name: 'Asked', path: folder.path })).id;
  });
  afterAll(async () => {
    await app.close();
    await folder[Symbol.asyncDispose]();
  });

  test.for([
    ['a name with capitals', { name: 'Prod' }, 'body.name'],
    ['a name with a shell character', { name: 'a;rm' }, 'body.name'],
    ['a name with a space', { name: 'a b' }, 'body.name'],
    ['a name that starts with a dash', { name: '-a' }, 'body.name'],
    ['a name of 64 letters', { name: 'a'.repeat(64) }, 'body.name'],
    ['port 80', { port: 80 }, 'body.port'],
    ['port 70000', { port: 70_000 }, 'body.port'],
    ['a port that is text', { port: '8090' }, 'body.port'],
    ['memory of 0', { memory_limit: '0' }, 'body.memory_limit'],
    ['memory in words', { memory_limit: 'lots' }, 'body.memory_limit'],
    ['no cores', { cpu_limit: '0' }, 'body.cpu_limit'],
    ['negative cores', { cpu_limit: '-1' }, 'body.cpu_limit'],
    ['a variable with = in its name', { environment: { 'A=B': 'x' } }, 'body.environment.A=B'],
    ['a variable that is a number', { environment: { A: 1 } }, 'body.environment.A'],
    ['a variable that is half a character', { environment: { A: '\ud800' } }, 'body.environment.A'],
    ['a variable with NUL', { environment: { A: 'a\u0000b' } }, 'body.environment.A'],
    ['PORT in the environment', { environment: { PORT: '3000' } }, 'body.environment'],
    [
      '10,000 variables',
      { environment: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`V${n}`, ''])) },
      'body.environment',
    ],
    ['a health check without a slash', { health_check_path: 'health' }, 'body.health_check_path'],
    ['an unknown field', { prot: 8090 }, 'body.prot'],
  ] as const)('with %s is refused, and the answer says where', async ([_, fields, where]) => {
    const { status, body } = await app.request('POST', '/api/v1/deploy', {
      project_id: projectId,
      ...fields,
    });
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'VALIDATION_FAILED' });
    expect(body.details.map(({ path }: { path: string }) => path)).toContain(where);
  });

  test('with more memory or cores than the machine has says what it has', async () => {
    for (const fields of [{ memory_limit: '1048576g' }, { cpu_limit: '4096' }]) {
      const { status, body } = await app.request('POST', '/api/v1/deploy', {
        project_id: projectId,
        ...fields,
      });
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'LIMIT_UNAVAILABLE' });
    }
  });

  test('of an unknown project is 404', async () => {
    const { status, body } = await app.request('POST', '/api/v1/deploy', { project_id: 4711 });
    expect({ status, message: body.message }).toEqual({
      status: 404,
      message: 'Project with id 4711 not found',
    });
  });

  test('of a directory that is missing is PROJECT_PATH_MISSING', async () => {
    const { id } = await app.client.projects.create({ name: 'Missing', path: '/no/such/place' });
    const { status, body } = await app.request('POST', '/api/v1/deploy', { project_id: id });
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'PROJECT_PATH_MISSING' });
  });

  test('on a port that another process has is PORT_IN_USE, in the words of the reference', async () => {
    const server = createServer().listen(0, '0.0.0.0');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { status, body } = await app.request('POST', '/api/v1/deploy', {
      project_id: projectId,
      port,
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: 'Invalid request',
      message: `Port ${port} is already in use`,
      code: 'PORT_IN_USE',
    });
    server.close();
  });

  test('on BorgOS’s own port is PORT_IN_USE', async () => {
    const port = Number(new URL(app.url).port);
    const { body } = await app.request('POST', '/api/v1/deploy', { project_id: projectId, port });
    expect(body).toMatchObject({ code: 'PORT_IN_USE' });
  });

  test('of a name that is on another port already says where it is', async () => {
    const first = await freePort();
    const { id } = (await app.client.deployments.deploy({
      project_id: projectId,
      name: 'taken',
      port: first,
    })) as { id: number };
    const { status, body } = await app.request('POST', '/api/v1/deploy', {
      project_id: projectId,
      name: 'taken',
      port: await freePort(),
    });
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'DEPLOYMENT_EXISTS' });
    expect(body.message).toContain(String(first));
    await app.until(id, 'running');
    await app.client.deployments.delete({ id });
  });

  test('50 times at once for one port makes one deployment and leaves nothing of the others', async () => {
    const port = await freePort();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, number) =>
        app.request('POST', '/api/v1/deploy', {
          project_id: projectId,
          name: `racer-${number}`,
          port,
        }),
      ),
    );
    const winners = answers.filter(({ status }) => status === 202);
    expect(winners).toHaveLength(1);
    const losers = answers.filter(({ status }) => status !== 202);
    expect(new Set(losers.map(({ body }) => body.code))).toEqual(new Set(['PORT_IN_USE']));
    const { data } = await app.client.deployments.list({ port });
    expect(data).toHaveLength(1);
    const id = winners[0]?.body.id;
    await app.until(id, 'running');
    await app.client.deployments.delete({ id });
  });

  test('without a port gets a free one, each its own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, number) =>
        app.client.deployments.deploy({ project_id: projectId, name: `free-${number}` }),
      ),
    );
    const ids = answers.map((answer) => ('id' in answer ? answer.id : 0));
    const deployments = await Promise.all(ids.map((id) => app.until(id, 'running', 'failed')));
    expect(deployments.map(({ status }) => status)).toEqual(Array(5).fill('running'));
    expect(new Set(deployments.map(({ port }) => port)).size).toBe(5);
    await Promise.all(ids.map((id) => app.client.deployments.delete({ id })));
  });

  test('of a project keeps it from being forgotten', async () => {
    const { id } = (await app.client.deployments.deploy({
      project_id: projectId,
      name: 'holds',
    })) as { id: number };
    await expect(app.client.projects.delete({ id: projectId })).rejects.toMatchObject({
      status: 409,
      code: 'PROJECT_HAS_DEPLOYMENTS',
    });
    await app.until(id, 'running');
    await app.client.deployments.delete({ id });
  });
});
