import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { cacheEnvironment, machineEnvironment } from './process-environment.ts';

test('Maven keeps its downloads with those of others, and what the user set comes after it', () => {
  expect(cacheEnvironment('/b/cache').MAVEN_OPTS).toBe('-Dmaven.repo.local=/b/cache/maven');
  expect(cacheEnvironment('/b/cache', '-Xmx1g -Dmaven.repo.local=/mine').MAVEN_OPTS).toBe(
    '-Dmaven.repo.local=/b/cache/maven -Xmx1g -Dmaven.repo.local=/mine',
  );
});

test('a folder with a space, which Maven would take for two options, is not given to it', () => {
  expect(cacheEnvironment('/my home/cache')).not.toHaveProperty('MAVEN_OPTS');
  expect(cacheEnvironment('/my home/cache', '-Xmx1g').MAVEN_OPTS).toBe('-Xmx1g');
});

test('the toolchains of the machine’s user are found, if there are any', async () => {
  expect(await machineEnvironment(tmpdir())).toEqual({ RUSTUP_HOME: tmpdir() });
  expect(await machineEnvironment('/nowhere')).toEqual({});
});
