import { describe, expect, it } from 'vitest';
import { recipeOf } from './temporary-project.ts';

describe('an app in Ruby', () => {
  it('of Rails has its assets made, and is told where to listen', async () => {
    const recipe = await recipeOf({
      Gemfile:
        "source 'https://rubygems.org'\nruby '3.3.1'\ngem 'rails'\ngem 'pg'\ngem 'propshaft'\n",
      'Gemfile.lock': 'GEM\n  specs:\n    rails (8.0.1)\n',
      'app/assets/a.css': '',
      'config.ru': '',
    });
    expect(recipe).toMatchObject({
      stack: 'ruby',
      version: '3.3.1',
      manifests: ['Gemfile', 'Gemfile.lock'],
      start: ['bundle', 'exec', 'rails', 'server', '-b', '{HOST}', '-p', '{PORT}'],
      environment: { RAILS_ENV: 'production', RAILS_LOG_TO_STDOUT: '1' },
      port: 3000,
    });
    expect(recipe.install[0]).toEqual([
      ...['bundle', 'config', 'set', '--local', 'path', '.borgos/bundle'],
    ]);
    expect(recipe.build.at(-1)?.slice(-2)).toEqual(['rails', 'assets:precompile']);
    expect(recipe.build.flat()).not.toContain('db:migrate');
    expect(recipe.container?.packages).toContain('libpq-dev');
    expect(recipe.container?.install?.flat()).not.toContain('path');
    expect(recipe.notes.join(' ')).toContain('RAILS_MASTER_KEY');
  });

  it.each([
    ["gem 'puma'", ['puma', '-b', 'tcp://{HOST}:{PORT}']],
    ["gem 'falcon'", ['falcon', 'serve', '--bind', 'http://{HOST}:{PORT}']],
    ["gem 'unicorn'", ['unicorn', '-l', '{HOST}:{PORT}']],
    ["gem 'thin'", ['thin', 'start', '-a', '{HOST}', '-p', '{PORT}']],
    ["gem 'rack'", ['rackup', '-o', '{HOST}', '-p', '{PORT}']],
  ])('with a config.ru is served by the server it lists: %s', async (Gemfile, server) => {
    const recipe = await recipeOf({ Gemfile, 'config.ru': '' });
    expect(recipe.start).toEqual(['bundle', 'exec', ...server]);
  });

  it('of Sinatra without a config.ru is told where to listen, another program is only run', async () => {
    const sinatra = { Gemfile: "gem 'sinatra'", 'app.rb': "require 'sinatra'\n" };
    expect((await recipeOf(sinatra)).start?.slice(2)).toEqual([
      ...['ruby', 'app.rb', '-o', '{HOST}', '-p', '{PORT}'],
    ]);
    const plain = await recipeOf({ Gemfile: '', 'main.rb': '' });
    expect(plain.start).toEqual(['bundle', 'exec', 'ruby', 'main.rb']);
  });

  it('needs no gems to be served', async () => {
    const recipe = await recipeOf({ 'config.ru': '' });
    expect(recipe).toMatchObject({
      install: [],
      start: ['rackup', '-o', '{HOST}', '-p', '{PORT}'],
    });
  });

  it.each([
    [{ '.ruby-version': 'ruby-3.2.2\n' }, '3.2.2'],
    [{ '.tool-versions': 'ruby 3.4.1' }, '3.4.1'],
    [{ 'Gemfile.lock': 'RUBY VERSION\n   ruby 3.1.4p223\n' }, '3.1.4'],
    [{}, null],
  ])('has the version that its files say: %j', async (files, version) => {
    expect((await recipeOf({ Gemfile: '', 'app.rb': '', ...files })).version).toBe(version);
  });

  it('that reads other files in its Gemfile is installed with its sources', async () => {
    const files = { Gemfile: "gem 'a', path: './a'", 'app.rb': '' };
    expect((await recipeOf(files)).manifests).toEqual([]);
  });

  it('without a server says what was looked for, and a site beside it is not taken for it', async () => {
    await expect(recipeOf({ Gemfile: "gem 'jekyll'", 'index.html': '' })).rejects.toThrow(
      /in Ruby, but it has no config.ru/,
    );
  });
});
