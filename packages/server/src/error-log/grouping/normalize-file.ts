import { libraryStart } from './library-path.ts';

const longestPath = 500;

/** Where apps are put. What follows is the app's own, wherever it is put the next time. */
const roots =
  /^\/(?:usr\/src\/app|app|code|workspace|var\/task|(?:var\/www|srv|opt|mnt|root|tmp|workspaces)\/[^/]+|(?:home|Users)\/[^/]+(?:\/[^/]+)?)\/(?=.)/;
const release = /^.*\/(?:releases|builds|deployments|revisions|deploys)\/[^/]+\/(?=.)/;
const scheme = /^[a-z][a-z0-9+.-]{1,30}:\/\/[^/]*/i;
const identifier =
  /^(?:\d[\d._-]*|v?\d+(?:\.\d+)+[\w.-]*|(?=[a-f]*\d)[0-9a-f]{7,64}|[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}|\d{8}T\d+Z?|\.{0,2}|[A-Za-z]:|\([\w-]+\))$/i;

/** Names that so many files have that the folder has to be said as well. */
const common =
  /^(?:index|route|page|layout|mod|__init__|handlers?|views?|models?|urls|tasks|controllers?|\+[\w.]+)\.\w+$/;

/**
 * The segments of a path that stay when the app is deployed anew, elsewhere, or built again: for a
 * library's file those inside of the library, without its version.
 */
export function stableSegments(file: string): string[] {
  const plain = withoutQuery(file.slice(-longestPath));
  const inside = plain.slice(libraryStart(plain)).replaceAll('\\', '/');
  const path = inside.replace(scheme, '').replace(release, '').replace(roots, '');
  const segments = path.split('/');
  const name = segments.pop() ?? '';
  const folders = segments.filter((segment) => !identifier.test(segment)).map(withoutVersion);
  return [...folders, withoutHash(name)];
}

/**
 * Paths against the folder that they have in common, whatever that is called: no list of the places
 * an app may lie in could be complete.
 */
export function relativeToEachOther(paths: string[][]): string[] {
  const shared = sharedFolders(paths.filter(({ length }) => length > 0));
  const insides = paths.map((segments) => segments.slice(shared));
  const inOneFolder = insides.every(({ length }) => length <= 1);
  return insides.map((inside, at) =>
    inOneFolder && common.test(inside[0] ?? '')
      ? (paths[at] ?? []).slice(-3).join('/')
      : inside.join('/'),
  );
}

function sharedFolders(paths: string[][]): number {
  const [first = [], ...others] = paths;
  let count = first.length - 1;
  for (const other of others) {
    count = Math.min(count, other.length - 1);
    for (let at = 0; at < count; at += 1) if (other[at] !== first[at]) count = at;
  }
  return Math.max(0, count);
}

function withoutQuery(file: string): string {
  const at = file.indexOf('?');
  return at > 0 ? file.slice(0, at) : file;
}

function withoutVersion(folder: string): string {
  return folder.replace(/(?:@v?\d|-v?\d+\.)[\w.+-]*$/, '');
}

/** `main.3f2a9c1b.js` and `main-BkX3d9aQ.js` are both `main.js`. */
function withoutHash(name: string): string {
  return name.replace(/[.-]([0-9a-f]{6,64}|[\w-]{8})(?=\.\w{1,5}$)/, (all, hash: string) =>
    /\d|[A-Z].*[A-Z]/.test(hash) ? '' : all,
  );
}
