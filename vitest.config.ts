import { configDefaults, defineConfig } from 'vitest/config';

/** Needs the programs of Zoekt, which no package brings: the folder of `zoekt-index` and the rest. */
const zoekt = process.env.BORGOS_TEST_ZOEKT;

/** Needs OpenCode, a program of 180 MB: its path. */
const opencode = process.env.BORGOS_TEST_OPENCODE;

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'scripts/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      ...(zoekt ? [] : ['**/real-zoekt.test.ts']),
      ...(opencode ? [] : ['**/real-opencode.test.ts']),
    ],
    globalSetup: ['packages/server/src/testing/postgres-cluster.ts'],
    // Tests start processes, change signals and open databases: each file has a process of its own.
    pool: 'forks',
    // Much of their time is waiting: with two, two cores have nothing to do for a fifth of it.
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // A forgotten `.only` must not make a run green.
    allowOnly: false,
  },
});
