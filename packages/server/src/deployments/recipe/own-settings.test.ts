import { describe, expect, it } from 'vitest';
import { detectRecipe } from './detect-recipe.ts';
import { recipeOf, withProject } from './temporary-project.ts';

const node = { 'package.json': { scripts: { start: 'node a.js', build: 'tsc' } } };

describe('borgos.json', () => {
  it('comes before what is found, setting by setting', async () => {
    const recipe = await recipeOf({
      ...node,
      'borgos.json': {
        install: 'npm ci --omit=dev',
        build: [
          ['npm', 'run', 'build'],
          ['node', 'after.js'],
        ],
        start: ['node', 'b.js', '--port', '$PORT'],
        port: 4000,
        health_check_path: '/up',
        environment: { LEVEL: 5, NODE_ENV: 'staging' },
      },
    });
    expect(recipe).toMatchObject({
      stack: 'node',
      install: [['npm', 'ci', '--omit=dev']],
      manifests: [],
      build: [
        ['npm', 'run', 'build'],
        ['node', 'after.js'],
      ],
      start: ['node', 'b.js', '--port', '{PORT}'],
      port: 4000,
      healthCheckPath: '/up',
      environment: { LEVEL: '5', NODE_ENV: 'staging' },
    });
  });

  it('leaves alone what it does not name', async () => {
    const recipe = await recipeOf({ ...node, 'borgos.json': { port: 4000 } });
    expect(recipe).toMatchObject({ start: ['node', 'a.js'], build: [['npm', 'run', 'build']] });
    expect(await recipeOf({ ...node, 'borgos.json': { build: [] } })).toMatchObject({ build: [] });
  });

  it('runs a line without a shell where none is needed, else by one', async () => {
    const build = async (line: string) => {
      return (await recipeOf({ ...node, 'borgos.json': { build: line } })).build;
    };
    expect(await build('A=b make all')).toEqual([['env', 'A=b', 'make', 'all']]);
    expect(await build('make a && make b')).toEqual([['sh', '-c', 'make a && make b']]);
    expect(await build('make PORT=$PORT')).toEqual([['sh', '-c', 'make PORT=$PORT']]);
    const { start } = await recipeOf({ ...node, 'borgos.json': { start: 'cd x && node b.js' } });
    expect(start).toEqual(['sh', '-c', 'cd x && exec node b.js']);
  });

  it('decides the stack, also against a Dockerfile and a Procfile', async () => {
    const files = { ...node, 'main.py': '', Dockerfile: 'FROM a', Procfile: 'web: node c.js' };
    expect((await recipeOf(files)).stack).toBe('dockerfile');
    const python = await recipeOf({
      ...files,
      'borgos.json': { stack: 'python', start: 'python main.py' },
    });
    expect(python).toMatchObject({ stack: 'python', start: ['python3', 'main.py'] });
    const bun = await recipeOf({ ...node, 'borgos.json': { stack: 'bun', start: 'bun a.ts' } });
    expect(bun).toMatchObject({ stack: 'bun', start: ['bun', 'a.ts'] });
  });

  it('starts the image of a Dockerfile in another way, but does not build it in another way', async () => {
    const own = (settings: object) => recipeOf({ Dockerfile: 'FROM a', 'borgos.json': settings });
    expect(await own({ start: 'A=b run it', port: 99 })).toMatchObject({
      stack: 'dockerfile',
      start: ['run', 'it'],
      environment: { A: 'b' },
      port: 99,
    });
    expect((await own({})).start).toBeNull();
    await expect(own({ build: 'make' })).rejects.toThrow(/build: Dockerfile is built as it stands/);
  });

  it('is enough by itself with "stack" and "start"', async () => {
    const recipe = await recipeOf({
      'x.sh': '',
      'borgos.json': { stack: 'node', start: 'sh x.sh' },
    });
    expect(recipe).toMatchObject({ stack: 'node', foundBy: 'borgos.json', start: ['sh', 'x.sh'] });
    expect(recipe.install).toEqual([]);
  });

  it.each([
    [{ stack: 'go' }, /says "stack": "go", but nothing .* Say "start", too/],
    [{ stack: 'dockerfile' }, /but there is no Dockerfile/],
    [{ port: 'x' }, /borgos.json can't be used: port: must be a whole number.*\. Correct it\.$/],
    [{ start: 5 }, /start: must be a command: as one string, "node server.js"/],
    [{ root: 'gone' }, /root names "gone", which is no folder inside of the project/],
    [{ statr: '' }, /there is no setting "statr": the settings are/],
  ])('%j alone is refused', async (settings, fault) => {
    await expect(recipeOf({ 'borgos.json': settings })).rejects.toThrow(fault);
  });

  it('that is no JSON is refused by its line', async () => {
    await expect(recipeOf({ ...node, 'borgos.json': '{\n"port": x\n}' })).rejects.toThrow(
      /borgos.json can't be used: line \d is not valid JSON. Correct it\./,
    );
  });

  it('asks for a start when only it knows where the program will be', async () => {
    const go = { 'go.mod': 'module a', 'main.go': 'package main' };
    await expect(recipeOf({ ...go, 'borgos.json': { build: 'make' } })).rejects.toThrow(
      /build: say "start", too/,
    );
    const recipe = await recipeOf({ ...go, 'borgos.json': { build: 'make', start: './out/x' } });
    expect(recipe).toMatchObject({ build: [['make']], start: ['./out/x'] });
    expect(recipe.container?.run).toBeUndefined();
  });

  it('names the folder of the app', async () => {
    const files = { 'web/package.json': node['package.json'], 'borgos.json': { root: './web/' } };
    expect(await recipeOf(files)).toMatchObject({ root: 'web', foundBy: 'package.json' });
  });
});

describe('the root that is asked for', () => {
  it('comes before that of borgos.json, and has a borgos.json of its own', async () => {
    const files = {
      'borgos.json': { root: 'web' },
      'web/index.html': '',
      'api/main.py': '',
      'api/borgos.json': { port: 7000 },
    };
    await withProject(files, async (directory) => {
      expect(await detectRecipe(directory)).toMatchObject({ root: 'web', stack: 'static' });
      const api = await detectRecipe(directory, { root: 'api' });
      expect(api).toMatchObject({ root: 'api', stack: 'python', port: 7000 });
    });
  });

  it('must be a folder inside of the project', async () => {
    await withProject({ 'index.html': '' }, async (directory) => {
      for (const root of ['..', '/', 'a/../..', 'gone', 'index.html', '-x']) {
        await expect(detectRecipe(directory, { root })).rejects.toThrow(
          /^"root" names .* Name one as it lies/,
        );
      }
      expect((await detectRecipe(directory, { root: '.' })).root).toBeUndefined();
    });
  });
});
