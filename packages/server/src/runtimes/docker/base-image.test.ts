import { expect, test } from 'vitest';
import type { Recipe } from '../../deployments/recipe.ts';
import { chooseBaseImage, chooseRunImage, chooseToolImage } from './base-image.ts';

function choose(
  stack: Recipe['stack'],
  version: string | null,
  tags: string[],
  container: Recipe['container'] = {},
) {
  return chooseBaseImage(recipeFor(stack, version, container), tags);
}

function recipeFor(
  stack: Recipe['stack'],
  version: string | null,
  container: NonNullable<Recipe['container']>,
): Recipe {
  return {
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
    container,
  };
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

test.each([
  ['go', '1.23', 'golang:1.23-bookworm'],
  ['go', '1.16', 'golang:1.25-bookworm'],
  ['rust', null, 'rust:1-bookworm'],
  ['php', '8.2', 'php:8.2-apache'],
  ['ruby', '3.3.5', 'ruby:3.3-slim'],
  ['dotnet', '9.0', 'mcr.microsoft.com/dotnet/sdk:9.0'],
  ['bun', null, 'oven/bun:1'],
  ['deno', null, 'denoland/deno:latest'],
  ['deno', '2.1.4', 'denoland/deno:2.1.4'],
] as const)('%s %s is built on %s', (stack, version, name) => {
  expect(choose(stack, version, [])).toEqual({ name, present: false });
});

test('java is built by the tool it has, and run without it', () => {
  const name = (builder: 'maven' | 'gradle' | 'jdk') => choose('java', '17', [], { builder }).name;
  expect(name('maven')).toBe('maven:3-eclipse-temurin-17');
  expect(name('gradle')).toBe('gradle:8-jdk17');
  expect(name('jdk')).toBe('eclipse-temurin:17-jdk');
  const recipe = recipeFor('java', '17', { run: { image: 'jre', copy: [] } });
  expect(chooseRunImage(recipe, ['eclipse-temurin:17-jdk', 'eclipse-temurin:21-jre'])).toEqual({
    name: 'eclipse-temurin:17-jre',
    present: false,
  });
  expect(chooseRunImage(recipe, ['eclipse-temurin:17.0.9_9-jre-jammy'])?.present).toBe(true);
});

test('a newer Go on the machine is used for what was written for an older one, not the other way', () => {
  expect(choose('go', '1.22', ['golang:1.24'])).toEqual({ name: 'golang:1.24', present: true });
  expect(choose('go', '1.25', ['golang:1.24'])).toMatchObject({ present: false });
  expect(choose('ruby', '3.2', ['ruby:3.4-slim'])).toMatchObject({ present: false });
});

test('images of the second stage and of tools have versions of their own', () => {
  const recipe = recipeFor('rust', '1.85', { run: { image: 'debian', copy: [] } });
  expect(chooseRunImage(recipe, [])?.name).toBe('debian:bookworm-slim');
  expect(chooseRunImage(recipe, ['debian:11', 'debian:12-slim'])?.name).toBe('debian:12-slim');
  expect(chooseRunImage(recipeFor('ruby', null, {}), [])).toBeNull();
  expect(chooseToolImage('composer', ['composer:2.8']).name).toBe('composer:2.8');
  expect(chooseToolImage('node', []).name).toBe('node:24-slim');
});
