import { describe, expect, test } from 'vitest';
import { isSlim, readStages, shippedBase } from './dockerfile.ts';
import { filesToRead } from './files-to-read.ts';
import { perfectFacts } from './testing/example-facts.ts';

describe('the files that are read for the scores', () => {
  test('are those that a check looks into, from the root down', () => {
    expect(
      filesToRead([
        ...[
          'src/main.ts',
          'packages/a/package.json',
          'package.json',
          'README.md',
          'LICENSE',
          'logo.png',
        ],
        ...[
          '.github/workflows/ci.yml',
          'Dockerfile',
          'test/fixtures/Dockerfile',
          'compose.yaml',
          'Makefile',
        ],
        ...[
          'node_modules/a/package.json',
          '.gitattributes',
          'pyproject.toml',
          'a/b/c/d/e/package.json',
        ],
      ]),
    ).toEqual([
      ...[
        'README.md',
        '.github/workflows/ci.yml',
        'Dockerfile',
        'compose.yaml',
        'Makefile',
        '.gitattributes',
      ],
      ...['package.json', 'pyproject.toml', 'packages/a/package.json'],
    ]);
  });

  test('are 200 at the most, each once, and whatever the order is, the same', () => {
    const paths = Array.from({ length: 5000 }, (_, index) => [
      `p${index}/package.json`,
      `.github/workflows/${index}.yml`,
      `s${index}/Dockerfile`,
      `s${index}/compose.yaml`,
      `s${index}/Makefile`,
    ]).flat();
    const chosen = filesToRead(paths);
    expect(chosen.length).toBeLessThanOrEqual(200);
    expect(chosen.length).toBeGreaterThan(150);
    expect(new Set(chosen).size).toBe(chosen.length);
    expect(filesToRead(paths.toReversed())).toEqual(chosen);
  });

  test('are all that a project needs to earn everything', () => {
    const paths = perfectFacts.files.map(({ path }) => path);
    expect(filesToRead(paths).toSorted()).toEqual([
      ...['.github/workflows/ci.yml', 'Dockerfile', 'README.md', 'package.json', 'tsconfig.json'],
    ]);
  });
});

describe('the image that a Dockerfile ships', () => {
  test.each([
    ['FROM node:26', 'node:26'],
    ['FROM --platform=$BUILDPLATFORM golang AS b\nFROM scratch', 'scratch'],
    ['FROM python:3-slim AS base\nFROM base AS build\nFROM base', 'python:3-slim'],
    [`ARG TAG=3.14-slim\nFROM python:$\{TAG}`, 'python:3.14-slim'],
    [`FROM python:$\{TAG:-3-slim}`, 'python:3-slim'],
    ['from alpine as x', 'alpine'],
    ['FROM a AS a\nFROM a', 'a'],
  ])('of %j is %s', (text, base) => {
    expect(shippedBase(readStages(text))?.image).toBe(base);
  });

  test('is none without a stage', () => {
    expect(shippedBase(readStages('# FROM nothing\nRUN x'))).toBeUndefined();
  });

  test.each([
    ...['alpine', 'node:26-alpine', 'node:26-alpine3.22', 'debian:trixie-slim', 'scratch'],
    ...[
      'gcr.io/distroless/nodejs24',
      'redhat/ubi9-minimal',
      'cgr.dev/chainguard/node',
      'busybox:1',
    ],
  ])('%s is slim', (image) => {
    expect(isSlim(image)).toBe(true);
  });

  test.each(['node:26', 'ubuntu', 'python:3.14-bookworm', 'slimjim/app', 'nginx:stable'])(
    '%s is not',
    (image) => {
      expect(isSlim(image)).toBe(false);
    },
  );
});
