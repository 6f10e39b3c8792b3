import { execFileSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { versionOfConstraint } from './php-composer.ts';
import { recipeOf, withProject } from './temporary-project.ts';

const served = (folder: string) => ['sh', '.borgos/serve-php.sh', folder];

describe('a site in PHP', () => {
  it('needs no more than an index.php', async () => {
    const recipe = await recipeOf({ 'index.php': '' });
    expect(recipe).toMatchObject({ stack: 'php', install: [], start: served('.'), port: 80 });
    expect(recipe.container).toMatchObject({
      setup: [
        ['a2enmod', 'rewrite', 'headers'],
        ['docker-php-ext-install', 'mysqli', 'pdo_mysql'],
      ],
      finish: [['sh', '.borgos/set-up-apache.sh', '.']],
    });
  });

  it('of Laravel has its pages built by Node, its extensions, and nothing of what is for development', async () => {
    const recipe = await recipeOf({
      artisan: '',
      'composer.json': {
        require: { php: '^8.2', 'laravel/framework': '^12.0', 'ext-gd': '*', 'ext-redis': '*' },
      },
      'public/index.php': '',
      'package.json': { scripts: { build: 'vite build' }, devDependencies: { vite: '7' } },
      'package-lock.json': '{}',
    });
    expect(recipe).toMatchObject({
      stack: 'php',
      version: '8.2',
      install: [
        [
          ...['composer', '--no-interaction', 'install', '--no-dev', '--prefer-dist'],
          '--optimize-autoloader',
        ],
        ['npm', 'ci', '--include=dev'],
      ],
      build: [['npm', 'run', 'build']],
      start: served('public'),
      environment: { APP_ENV: 'production' },
      container: { tools: ['composer', 'node'] },
    });
    const setup = recipe.container?.setup ?? [];
    expect(setup.find(([program]) => program === 'docker-php-ext-install')).toEqual(
      expect.arrayContaining(['gd', 'pdo_mysql', 'pdo_pgsql']) as string[],
    );
    expect(setup).toContainEqual(['pecl', 'install', 'redis']);
    expect(recipe.container?.packages).toEqual(
      expect.arrayContaining(['libpng-dev', 'libpq-dev', 'unzip']) as string[],
    );
    expect(recipe.container?.install?.[0]?.slice(0, 3)).toEqual([
      ...['env', 'COMPOSER_ALLOW_SUPERUSER=1', 'composer'],
    ]);
    expect(recipe.container?.install?.[1]).toEqual(['npm', 'ci', '--include=dev']);
    expect(recipe.notes.join(' ')).toContain('APP_KEY');
  });

  it('of Symfony runs the scripts of its installation as in production', async () => {
    const recipe = await recipeOf({
      'composer.json': { require: { 'symfony/framework-bundle': '7.*' } },
      'public/index.php': '',
    });
    expect(recipe.install[0]?.slice(0, 3)).toEqual(['env', 'APP_ENV=prod', 'composer']);
    expect(recipe.environment).toMatchObject({ APP_ENV: 'prod' });
  });

  it('has the extensions that the packages of its lockfile ask for', async () => {
    const lock = { packages: [{ name: 'a/b', require: { 'ext-intl': '*', 'ext-nosuch': '*' } }] };
    const { container } = await recipeOf({
      'composer.json': { require: { 'a/b': '1' } },
      'composer.lock': lock,
      'index.php': '',
    });
    expect(container?.setup).toContainEqual(['docker-php-ext-install', 'intl']);
    expect(container?.packages).toContain('libicu-dev');
  });

  it.each([
    ['web: vendor/bin/heroku-php-apache2 site/', served('site')],
    ['web: php artisan serve --port=$PORT', ['php', 'artisan', 'serve', '--port={PORT}']],
  ])('is started as a Procfile says: %s', async (Procfile, start) => {
    const files = { Procfile, 'composer.json': {}, 'site/index.php': '' };
    expect((await recipeOf(files)).start).toEqual(start);
  });

  it('without a page says where one was looked for', async () => {
    await expect(recipeOf({ 'composer.json': {}, 'src/A.php': '' })).rejects.toThrow(
      /in PHP, but it has no index.php, neither at the top nor in public/,
    );
  });

  it.each([
    ['^8.2', '8.2'],
    ['^7.4 || ^8.1', '8.1'],
    ['8.3.*', '8.3'],
    ['>=8.1', null],
    ['*', null],
  ])('reads the constraint %s as %s', (constraint, version) => {
    expect(versionOfConstraint(constraint)).toBe(version);
  });

  it('is served by PHP itself where there is no Apache, on the address it is told', async () => {
    const { extraFiles } = await recipeOf({ 'index.php': '' });
    const script = extraFiles.find(({ path }) => path.endsWith('serve-php.sh'))?.content ?? '';
    const echo = '#!/bin/sh\necho "$0 $* $PHP_CLI_SERVER_WORKERS"\n';
    await withProject({ 'serve.sh': script, 'tools/php': echo }, async (directory) => {
      await chmod(join(directory, 'tools/php'), 0o755);
      const serve = () =>
        execFileSync('sh', ['serve.sh', 'public'], {
          cwd: directory,
          env: { PATH: `${join(directory, 'tools')}:/usr/bin:/bin`, PORT: '99', HOST: '127.0.0.1' },
          encoding: 'utf8',
        }).trim();
      expect(serve()).toMatch(/\/php -S 127.0.0.1:99 -t public 4$/);
      await writeFile(join(directory, 'tools/apache2-foreground'), echo, { mode: 0o755 });
      expect(serve()).toMatch(/\/apache2-foreground/);
    });
  });
});
