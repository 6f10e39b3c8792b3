import { describe, expect, it } from 'vitest';
import { withoutComments } from './deno-app.ts';
import { recipeOf } from './temporary-project.ts';

const listen = ['env', 'DENO_SERVE_ADDRESS=tcp:{HOST}:{PORT}'];

describe('an app in Deno', () => {
  it('is cached and run by its main file', async () => {
    expect(
      await recipeOf({ 'deno.json': {}, 'main.ts': '', '.deno-version': '2.1.4' }),
    ).toMatchObject({
      stack: 'deno',
      version: '2.1.4',
      install: [['deno', 'cache', 'main.ts']],
      start: [...listen, 'deno', 'run', '--allow-all', 'main.ts'],
      port: 8000,
    });
  });

  it('that exports what answers is served', async () => {
    const source = 'export default { fetch(request) { return new Response("hi"); } }';
    expect((await recipeOf({ 'deno.json': '{}', 'src/server.ts': source })).start).toEqual([
      ...['deno', 'serve', '--allow-all', '--host', '{HOST}', '--port', '{PORT}'],
      'src/server.ts',
    ]);
  });

  it.each([
    ['deno run -A server.ts', ['deno', 'run', '-A', 'server.ts']],
    ['deno run a.ts && deno run b.ts', ['deno', 'task', 'start']],
    ['deno run -A --watch dev.ts', ['deno', 'run', '--allow-all', 'main.ts']],
  ])('has a task that starts it, unless that is for development: %s', async (start, argv) => {
    const recipe = await recipeOf({ 'deno.jsonc': { tasks: { start } }, 'main.ts': '' });
    expect(recipe.start).toEqual([...listen, ...argv]);
  });

  it('is found without a manifest by what only Deno has', async () => {
    const source = 'import { serve } from "https://deno.land/std/http/server.ts";';
    expect((await recipeOf({ 'src/index.ts': source })).stack).toBe('deno');
    await expect(recipeOf({ 'src/index.ts': 'import "node:http";' })).rejects.toThrow();
  });

  it('beside a package.json with a start is an app in Node', async () => {
    const files = {
      'deno.json': {},
      'main.ts': '',
      'package.json': { scripts: { start: 'node a' } },
    };
    expect((await recipeOf(files)).stack).toBe('node');
    const { stack } = await recipeOf({
      ...files,
      'package.json': {},
      Procfile: 'web: deno run main.ts',
    });
    expect(stack).toBe('deno');
  });

  it('may have comments and commas in its manifest', () => {
    const text = '{ // a\n "url": "https://x", /* b\n */ "list": [1, 2,], }';
    expect(JSON.parse(withoutComments(text))).toEqual({ url: 'https://x', list: [1, 2] });
    expect(withoutComments(text).split('\n')).toHaveLength(3);
  });

  it('with a broken manifest names the line', async () => {
    await expect(recipeOf({ 'deno.json': '{\n// a\n"tasks" }' })).rejects.toThrow(
      /deno.json can't be used: line 3/,
    );
  });
});
