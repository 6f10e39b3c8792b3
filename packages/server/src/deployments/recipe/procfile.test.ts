import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReleaseFailure } from '../../errors.ts';
import { parseProcfile } from './procfile.ts';
import { recipeOf } from './temporary-project.ts';

describe('a Procfile', () => {
  it('gives the start command, and the rest comes from the detected stack', async () => {
    const recipe = await recipeOf({
      Procfile: 'worker: node worker.js\nweb: node web.js --port $PORT\n',
      'package.json': { scripts: { start: 'node other.js', build: 'tsc' } },
    });
    expect(recipe).toMatchObject({
      stack: 'node',
      build: [['npm', 'run', 'build']],
      start: ['node', 'web.js', '--port', '{PORT}'],
    });
    expect(recipe.notes.join(' ')).toContain('not worker');
  });

  it('runs a line that needs a shell in a shell, unchanged', async () => {
    const recipe = await recipeOf({
      Procfile: 'web: cd src && node web.js',
      'package.json': {},
    });
    expect(recipe.start).toEqual(['sh', '-c', 'cd src && exec node web.js']);
  });

  it('decides the language when both are there', async () => {
    const recipe = await recipeOf({
      Procfile: 'web: gunicorn --bind 0.0.0.0:$PORT site.wsgi',
      'package.json': { scripts: { start: 'node index.js' } },
      'requirements.txt': 'django\n',
    });
    expect(recipe.stack).toBe('python');
    expect(recipe.start).toEqual(['gunicorn', '--bind', '0.0.0.0:{PORT}', 'site.wsgi']);
    expect(recipe.install.at(-1)).toContain('gunicorn');
  });

  it('starts the interpreter that sees the installed packages', async () => {
    const recipe = await recipeOf({ Procfile: 'web: python web.py', 'requirements.txt': 'flask' });
    expect(recipe.start).toEqual(['.borgos/venv/bin/python', 'web.py']);
  });

  it('does not make a Node app of a server in Ruby with a package.json', async () => {
    const files = { Procfile: 'web: ruby app.rb', Gemfile: '', 'package.json': {} };
    expect(await recipeOf(files)).toMatchObject({
      stack: 'ruby',
      start: ['bundle', 'exec', 'ruby', 'app.rb'],
    });
  });

  it('is refused by line when "web:" says nothing', async () => {
    await expect(recipeOf({ Procfile: '\nweb:  \n', 'package.json': {} })).rejects.toThrow(
      /Procfile can't be used: line 2: "web:" has no command/,
    );
  });

  it('is not needed: without a "web:" it changes nothing', async () => {
    const files = { Procfile: 'worker: x', 'package.json': { scripts: { start: 'node a.js' } } };
    expect((await recipeOf(files)).start).toEqual(['node', 'a.js']);
  });

  it('gives back each command that was written into it', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,9}$/);
    const command = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
    fc.assert(
      fc.property(fc.dictionary(name, command, { maxKeys: 6 }), (processes) => {
        const text = Object.entries(processes).map(([key, value]) => `${key}: ${value}`);
        const parsed = parseProcfile(text.join('\n'));
        const others = Object.keys(processes).filter((key) => key !== 'web');
        expect(parsed).toEqual({
          web: Object.hasOwn(processes, 'web') ? processes.web : undefined,
          others,
        });
      }),
    );
  });

  it('is read or refused with a reason, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'web: \n\r\0a#\t'), maxLength: 40 }),
        (text) => {
          try {
            parseProcfile(text);
          } catch (error) {
            expect(error).toBeInstanceOf(ReleaseFailure);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
