import { expect, test } from 'vitest';
import type { Recipe } from '../../deployments/recipe.ts';
import { dockerfileOf } from './dockerfile.ts';

const recipe: Recipe = {
  stack: 'node',
  foundBy: 'package.json',
  dockerfile: null,
  version: null,
  manifests: ['package.json', 'package-lock.json', 'packages/web/package.json'],
  install: [['npm', 'ci']],
  build: [['npm', 'run', 'build']],
  start: ['npm', 'start'],
  environment: { NODE_ENV: 'production' },
  port: 3000,
  extraFiles: [],
  notes: [],
};

const pathLine =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the Dockerfile’s own syntax
  'ENV PATH=/app/.borgos/bin:/app/.borgos/venv/bin:/app/.borgos/tools/node_modules/.bin:/app/node_modules/.bin:${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}';

test('a Node project installs before its sources are copied, as an unprivileged user', () => {
  expect(dockerfileOf(recipe, 'node:24-slim', { 'borgos.deployment': '7' })).toBe(
    [
      'FROM node:24-slim',
      'LABEL borgos.deployment="7"',
      pathLine,
      'COPY --chown=node:node ["package.json","package-lock.json","/app/"]',
      'COPY --chown=node:node ["packages/web/package.json","/app/packages/web/"]',
      'WORKDIR /app',
      'USER node',
      'RUN ["npm","ci"]',
      'COPY --chown=node:node [".","/app/"]',
      'RUN ["npm","run","build"]',
      'EXPOSE 3000',
      'CMD ["npm","start"]',
      '',
    ].join('\n'),
  );
});

test('a Python project prints at once and installs as root', () => {
  const python: Recipe = {
    ...recipe,
    stack: 'python',
    manifests: ['requirements.txt'],
    install: [['pip', 'install', '-r', 'requirements.txt']],
    build: [],
    start: ['gunicorn', 'app:app'],
    port: 8000,
  };
  expect(dockerfileOf(python, 'python:3.13-slim')).toBe(
    [
      'FROM python:3.13-slim',
      'ENV PYTHONUNBUFFERED=1',
      'ENV PIP_NO_CACHE_DIR=1',
      'ENV PIP_DISABLE_PIP_VERSION_CHECK=1',
      'ENV PIP_ROOT_USER_ACTION=ignore',
      pathLine,
      'COPY ["requirements.txt","/app/"]',
      'WORKDIR /app',
      'RUN ["pip","install","-r","requirements.txt"]',
      'COPY [".","/app/"]',
      'EXPOSE 8000',
      'CMD ["gunicorn","app:app"]',
      '',
    ].join('\n'),
  );
});

test('without manifests it installs after all is copied', () => {
  expect(
    dockerfileOf({ ...recipe, manifests: [] }, 'node:24-slim')
      .split('\n')
      .slice(2, 6),
  ).toEqual([
    'COPY --chown=node:node [".","/app/"]',
    'WORKDIR /app',
    'USER node',
    'RUN ["npm","ci"]',
  ]);
});

test.each(['apps/$HOME/package.json', 'apps/[slug]/package.json', 'a*/package.json', 'a\\b/c'])(
  'all is copied first where COPY would read more than a name in %s',
  (manifest) => {
    const file = dockerfileOf({ ...recipe, manifests: ['package.json', manifest] }, 'node:24');
    expect(file.match(/^COPY .*/gm)).toEqual(['COPY --chown=node:node [".","/app/"]']);
  },
);

test('a command is taken word for word, with no shell in between', () => {
  const command = ['node', '-e', 'console.log("$HOME" + `a\\b`);\nprocess.exit()'];
  const lines = dockerfileOf({ ...recipe, build: [command] }, 'node:24-slim').split('\n');
  const run = lines.find((line) => line.startsWith('RUN ["node"'));
  expect(JSON.parse(run?.slice('RUN '.length) ?? '')).toEqual(command);
});

test('the command of the image has the port of the recipe in it', () => {
  const start = ['gunicorn', '--bind', '{HOST}:{PORT}', 'app:app'];
  expect(dockerfileOf({ ...recipe, start, port: 8000 }, 'node:24-slim')).toContain(
    'CMD ["gunicorn","--bind","0.0.0.0:8000","app:app"]',
  );
});

const go: Recipe = {
  ...recipe,
  stack: 'go',
  manifests: ['go.mod'],
  install: [['go', 'mod', 'download']],
  build: [['go', 'build', '-o', '.borgos/bin/shop', '.']],
  start: ['.borgos/bin/shop'],
  port: 8080,
  container: { run: { image: 'distroless', copy: ['.borgos/bin/'] } },
};

test('a program runs in a second stage, with the sources but without the tools that built it', () => {
  const text = dockerfileOf(go, 'golang:1.25', { a: 'b' }, { runImage: 'distroless:nonroot' });
  expect(text).toBe(
    [
      'FROM golang:1.25 AS build',
      'LABEL a="b"',
      pathLine,
      'COPY ["go.mod","/app/"]',
      'WORKDIR /app',
      'RUN ["go","mod","download"]',
      'COPY [".","/app/"]',
      'RUN ["go","build","-o",".borgos/bin/shop","."]',
      'FROM distroless:nonroot',
      'LABEL a="b"',
      pathLine,
      'COPY --chown=65532:65532 [".","/app/"]',
      'COPY --from=build --chown=65532:65532 ["/app/.borgos/bin/","/app/.borgos/bin/"]',
      'WORKDIR /app',
      'USER 65532:65532',
      'EXPOSE 8080',
      'CMD [".borgos/bin/shop"]',
      '',
    ].join('\n'),
  );
});

test('without an image for the second stage the program runs where it was built', () => {
  const text = dockerfileOf(go, 'golang:1.25');
  expect(text.match(/^FROM/gm)).toHaveLength(1);
  expect(text).toContain('CMD [".borgos/bin/shop"]');
});

test('tools, packages and extensions are there before the project, and its server is set up last', () => {
  const php: Recipe = {
    ...recipe,
    stack: 'php',
    manifests: [],
    install: [['composer', 'install']],
    build: [],
    container: {
      tools: ['composer', 'node'],
      packages: ['unzip'],
      setup: [['docker-php-ext-install', 'intl']],
      finish: [['sh', '.borgos/set-up-apache.sh', 'public']],
    },
  };
  const lines = dockerfileOf(php, 'php:8.4-apache', {}, { tags: ['node:22-slim'] }).split('\n');
  expect(lines.slice(2, 11)).toEqual([
    'COPY --from=composer:2 ["/usr/bin/composer","/usr/local/bin/composer"]',
    'COPY --from=node:22-slim ["/usr/local/","/usr/local/"]',
    'RUN ["apt-get","update"]',
    'RUN ["apt-get","install","--yes","--no-install-recommends","unzip"]',
    'RUN ["docker-php-ext-install","intl"]',
    'COPY [".","/app/"]',
    'WORKDIR /app',
    'RUN ["composer","install"]',
    'RUN ["sh",".borgos/set-up-apache.sh","public"]',
  ]);
});

test('what an image has is not installed into it again', () => {
  const bun: Recipe = { ...recipe, stack: 'bun', container: { install: [['bun', 'install']] } };
  const text = dockerfileOf(bun, 'oven/bun:1');
  expect(text).toContain('USER bun\nRUN ["bun","install"]\n');
  expect(text).not.toContain('"npm","ci"');
});
