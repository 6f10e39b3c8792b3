import { expect, test } from 'vitest';
import { belongsToTests, isTestFile } from './is-test-file.ts';

test.each([
  ...[
    'src/a.test.ts',
    'a.spec.jsx',
    '__tests__/a.js',
    'test/parallel/a.js',
    'test.js',
    'a-test.mjs',
  ],
  ...[
    'test_a.py',
    'pkg/a_test.py',
    'polls/tests.py',
    'pkg/a_test.go',
    'tests/it.rs',
    'src/tests.rs',
  ],
  ...['src/test/java/org/Shop.java', 'src/main/java/ShopTest.java', 'ShopIT.java', 'ShopSpec.kt'],
  ...[
    'Shop.Tests/Cart.cs',
    'CartTests.cs',
    'spec/a_spec.rb',
    'test/a_test.rb',
    'tests/CartTest.php',
  ],
  ...['tests/a.phpt', 'Tests/CartTests.swift', 'test/a_test.dart', 'test/a_test.exs', 't/a.t'],
  ...['test/a.bats', 'a_unittest.cc', 'tests/a.cpp', 'features/a.feature', 'test/runtests.jl'],
  ...['e2e/login.ts', 'cypress/a.cy.ts', 'test/Spec.hs', 'a_SUITE.erl', 'tests/testthat/test-a.R'],
])('%s has tests', (path) => {
  expect(isTestFile(path)).toBe(true);
});

test.each([
  ...['src/a.ts', 'contest.py', 'latest.js', 'src/testing/app.ts', 'src/attest.go', 'testing.py'],
  ...[
    'tests/conftest.py',
    'tests/__init__.py',
    'tests/factories.py',
    'test/setup.ts',
    'test/helpers.js',
  ],
  ...[
    'test/fixtures/a.test.js',
    'testdata/a_test.go',
    'test/data.json',
    'test/README.md',
    'a.test.d.ts',
  ],
  ...[
    'node_modules/a/a.test.js',
    'test/server.go',
    'tests/a.snap',
    'Testament.java',
    'Credit.java',
  ],
])('%s has none', (path) => {
  expect(isTestFile(path)).toBe(false);
});

test('what lies among tests belongs to them, and a file like any other does not', () => {
  for (const path of [
    'test/fixtures/key.pem',
    'tests/conftest.py',
    'a_test.go',
    'pkg/testdata/a',
  ]) {
    expect(belongsToTests(path)).toBe(true);
  }
  for (const path of ['src/key.pem', 'latest/a.ts', 'test'])
    expect(belongsToTests(path)).toBe(false);
});
