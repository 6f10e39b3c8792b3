import { expect, test } from 'vitest';
import type { Recipe } from '../../deployments/recipe.ts';
import { chooseBaseImage } from './base-image.ts';

function choose(stack: Recipe['stack'], version: string | null, tags: string[]) {
  const recipe: Recipe = {
    stack,
    version,
    foundBy: 'package.json',
    dockerfile: null,
    manifests: [],
    install: [],
    build: [],
    start: [],
    environment: {},
    port: 3000,
    extraFiles: [],
    notes: [],
  };
  return chooseBaseImage(recipe, tags);
}

test('on an empty machine it is the newest long-term version, or the one asked for', () => {
  expect(choose('node', null, [])).toEqual({ name: 'node:24-slim', present: false });
  expect(choose('static', null, [])).toEqual({ name: 'node:24-slim', present: false });
  expect(choose('node', '22.11.0', [])).toEqual({ name: 'node:22-slim', present: false });
  expect(choose('python', null, [])).toEqual({ name: 'python:3.13-slim', present: false });
  expect(choose('python', '3.12.4', [])).toEqual({ name: 'python:3.12-slim', present: false });
  expect(choose('python', '3', [])).toEqual({ name: 'python:3.13-slim', present: false });
});

test('an image that the machine has is used when its version fits', () => {
  const tags = ['node:20', 'node:22.3.0-bookworm-slim', 'python:3.11-slim', 'other:24-slim'];
  expect(choose('node', '22', tags)).toEqual({ name: 'node:22.3.0-bookworm-slim', present: true });
  expect(choose('node', '20.1', tags)).toEqual({ name: 'node:20', present: true });
  expect(choose('python', '3', tags)).toEqual({ name: 'python:3.11-slim', present: true });
  expect(choose('python', '3.12', tags)).toEqual({ name: 'python:3.12-slim', present: false });
});

test('without a wish the long-term version comes first, then the newest, then the slim one', () => {
  expect(choose('node', null, ['node:26-slim', 'node:24']).name).toBe('node:24');
  expect(choose('node', null, ['node:22-slim', 'node:26', 'node:26-slim']).name).toBe(
    'node:26-slim',
  );
  expect(choose('node', null, ['node:26.1.0-slim', 'node:26-slim']).name).toBe('node:26-slim');
});

test('an outdated version or another C library is not used unless asked for', () => {
  expect(choose('node', null, ['node:18-slim'])).toMatchObject({ present: false });
  expect(choose('node', '18', ['node:18-slim'])).toMatchObject({ present: true });
  expect(choose('node', null, ['node:24-alpine', 'node:24-alpine3.22'])).toMatchObject({
    present: false,
  });
});

test('a name with its registry is the same image', () => {
  const name = 'docker.io/library/node:24-slim';
  expect(choose('node', null, [name])).toEqual({ name, present: true });
  expect(choose('node', null, ['evil.example/node:24-slim'])).toMatchObject({ present: false });
});
