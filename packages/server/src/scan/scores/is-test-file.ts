import { basename, dirname, extname } from 'node:path/posix';

/** Folders of a project's tests, and of what they work on. */
const testFolder = /^(?:[Tt]ests?|__tests__|specs?|e2e|integration[-_]tests?|.+[-_.][Tt]ests?)$/;
const fixtureFolder =
  /^(?:fixtures?|__fixtures__|testdata|test[-_]data|__snapshots__|__mocks__|mocks?|node_modules|vendor)$/;

/** Languages whose files in a folder of tests are tests, whatever their name. */
const byFolder = new Set([
  ...[
    '.js',
    '.mjs',
    '.cjs',
    '.jsx',
    '.ts',
    '.mts',
    '.cts',
    '.tsx',
    '.java',
    '.kt',
    '.kts',
    '.scala',
  ],
  ...[
    '.groovy',
    '.rs',
    '.c',
    '.cc',
    '.cpp',
    '.cxx',
    '.cs',
    '.fs',
    '.vb',
    '.swift',
    '.m',
    '.mm',
    '.hs',
  ],
  ...['.ml', '.clj', '.cljs', '.cljc', '.zig', '.nim', '.d', '.cr', '.jl', '.lua', '.sh', '.bash'],
  ...['.elm', '.pas', '.adb', '.f90', '.el', '.scm', '.rkt', '.sol', '.gd'],
]);

/** Languages whose tests are told by their name alone: a runner finds no others. */
const byName = new Set([
  '.py',
  '.go',
  '.rb',
  '.php',
  '.dart',
  '.ex',
  '.exs',
  '.erl',
  '.r',
  '.pl',
  '.ps1',
]);

/** Only tests have these. */
const testExtensions = new Set(['.t', '.phpt', '.bats', '.feature', '.robot']);

/** What a folder of tests has beside tests: settings, and what several of them share. */
const supporting =
  /^(?:__init__|conftest|index|main|mod|common|setup|teardown|global-?setup|helpers?|utils?|support|.*[-_.](?:helpers?|utils?|setup|config|mocks?|fixtures?))$/i;

const delimited = /(?:^tests?[-_.])|(?:[-_.](?:tests?|specs?|unittest|cy|e2e|SUITE)$)/;
const capitalised = /(?:^Test[A-Z0-9])|(?:[a-z0-9](?:Tests?|Specs?|IT|TestCase)$)/;
/** Whole names that a runner knows: Django's, Rust's, Julia's. */
const whole: Record<string, RegExp> = {
  '.py': /^tests?$/,
  '.rs': /^tests?$/,
  '.jl': /^runtests$/,
};

/**
 * Whether a file is one with tests, from its path alone. What tests read (fixtures, snapshots) and
 * what they share (`conftest.py`, `setup.ts`) is not; nor are tests beside their code in one file.
 */
export function isTestFile(path: string): boolean {
  const folders = path.split('/').slice(0, -1);
  if (folders.some((folder) => fixtureFolder.test(folder))) return false;
  const extension = extname(path).toLowerCase();
  if (testExtensions.has(extension)) return true;
  if (!byFolder.has(extension) && !byName.has(extension)) return false;
  const stem = basename(path).slice(0, -extension.length);
  if (/\.d$/.test(stem)) return false;
  if (Object.hasOwn(whole, extension) && whole[extension]?.test(stem)) return true;
  if (extension === '.go') return stem.endsWith('_test');
  if (delimited.test(stem) || capitalised.test(stem)) return true;
  // A single script beside the code that it tests.
  if (stem === 'test' && dirname(path) === '.') return true;
  if (!byFolder.has(extension) || supporting.test(stem)) return false;
  return folders.some((folder) => testFolder.test(folder));
}

/** Whether it is a test, or lies among tests: what is there is made up, and no part of the product. */
export function belongsToTests(path: string): boolean {
  return (
    isTestFile(path) ||
    path
      .split('/')
      .slice(0, -1)
      .some(
        (folder) => testFolder.test(folder) || /^(?:fixtures?|__fixtures__|testdata)$/.test(folder),
      )
  );
}
