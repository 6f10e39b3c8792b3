import { basename, dirname } from 'node:path/posix';
import { depthOf, type ProjectView } from './project-view.ts';

/** Files that a program begins in, by name. */
const ENTRIES =
  /^(?:main|app|server|index|cli|wsgi|asgi|run|manage|worker|bot|__main__)\.(?:py|js|mjs|cjs|ts|mts|go|rs|rb|php)$|^config\.ru$/;
const MAX_ENTRIES = 12;
/** An entry lies at the root, in `src/`, or in a folder of a package. */
const MAX_DEPTH = 4;

const SERVES = [
  /\bhttp\.ListenAndServe|\bhttp\.Server\{/,
  /\bcreateServer\s*\(/,
  /\b(?:Deno|Bun)\.serve\s*\(/,
  /\bHTTPServer\s*\(|\bThreadingHTTPServer\s*\(|\bwsgiref\b/,
  /\bhyper::(?:server|Server)\b/,
];
const READS_ARGUMENTS = [
  /\bargparse\b|\boptparse\b|\bsys\.argv\b/,
  /\bprocess\.argv\b|\bparseArgs\s*\(/,
  /\bflag\.(?:Parse|String|Bool|Int)\b|\bos\.Args\b/,
  /\benv::args\b/,
  /\bOptionParser\b|\bARGV\b/,
  /\$argv\b/,
];
const LOOPS = [/\bwhile\s+True\s*:/, /\bfor\s*\{/, /\bwhile\s*\(\s*true\s*\)/, /\bloop\s*\{/];

/** What the files tell that a program begins in. */
export interface EntryPoints {
  /** Something that is started: an app's entry, a program's main package. */
  readonly starts: boolean;
  readonly serves: boolean;
  readonly readsArguments: boolean;
  /** Goes on until it is stopped. */
  readonly loops: boolean;
}

export function findEntryPoints(project: ProjectView): EntryPoints {
  const paths = project.files
    .filter((path) => ENTRIES.test(basename(path)) && depthOf(path) <= MAX_DEPTH)
    .slice(0, MAX_ENTRIES);
  const texts = paths.map(project.read);
  const has = (patterns: readonly RegExp[]) =>
    texts.some((text) => patterns.some((pattern) => pattern.test(text)));
  return {
    starts: paths.some((path) => isProgram(path)),
    serves: has(SERVES),
    readsArguments: has(READS_ARGUMENTS),
    loops: has(LOOPS),
  };
}

/** `index.js` begins a library as well. */
function isProgram(path: string): boolean {
  const name = basename(path);
  const isServer = /^(?:server|app|wsgi|asgi|manage|worker|bot|run)\./.test(name);
  const isMain = /^(?:main\.(?:go|rs|py)|config\.ru)$/.test(name);
  const isNear = ['.', 'src', 'app'].includes(dirname(path)) || /^cmd\//.test(path);
  return (isMain || isServer) && isNear;
}
