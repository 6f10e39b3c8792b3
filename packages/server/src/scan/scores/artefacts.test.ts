import { expect, test } from 'vitest';
import { findArtefacts } from './artefacts.ts';

function found(...paths: string[]): string[] {
  return findArtefacts(paths.map((path) => ({ path, size: 1, tracked: true }))).map(
    ({ path }) => path,
  );
}

test.each([
  [['node_modules/a/index.js']],
  [['a/__pycache__/b.cpython-314.pyc']],
  [['b.pyc']],
  [['A.class']],
  [['.DS_Store']],
  [['dist/app.js']],
  [['packages/a/dist/a.whl']],
  [['build/static/app.js', 'build/index.html']],
  [['build/app.min.js']],
  [['src/a.egg-info/PKG-INFO']],
  [['.venv/lib/a.py']],
])('%j was made by programs', (paths) => {
  expect(found(...paths)).toEqual(paths);
});

test.each([
  ['target/debug/app', 'Cargo.toml'],
  ['api/target/app.jar', 'api/pom.xml'],
  ['App/bin/Debug/App.dll', 'App/App.csproj'],
  ['vendor/autoload.php', 'composer.json'],
  ['venv/bin/python', 'requirements.txt'],
])('%s was made beside %s, and not without it', (path, manifest) => {
  expect(found(path, manifest)).toEqual([path]);
  expect(found(path)).toEqual([]);
});

test.each([
  [['build/webpack.config.js']],
  [['build/ci.sh', 'src/a.ts']],
  [['dist/systemd/app.service']],
  [['dist/index.js', 'action.yml']],
  [['vendor/github.com/a/b.go', 'go.mod']],
  [['bin/start.sh']],
  [['test/fixtures/node_modules/a/index.js']],
  [['coverage/report.go']],
])('%j was written', (paths) => {
  expect(found(...paths)).toEqual([]);
});

test('what is not tracked, or not known to be, does not count', () => {
  expect(
    findArtefacts([
      { path: 'a.pyc', size: 1 },
      { path: 'b.pyc', size: 1, tracked: false },
    ]),
  ).toEqual([]);
});
