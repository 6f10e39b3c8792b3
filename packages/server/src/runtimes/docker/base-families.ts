/** Images of one kind, which differ in their version. */
export interface BaseFamily {
  repository: string;
  /** How many numbers of a version tell its line: node 24, Python 3.13. */
  parts: number;
  /** What is pulled when the project asks for no version. */
  newest: string;
  /** Not used, even if on the machine, unless the project asks for it. */
  oldest: string;
  /** A newer minor version does what an older one does, as the language promises. */
  compatible?: true;
  /** `false`: its version is not that of the language. */
  versioned?: false;
  /** The tag of a version. */
  tag: (version: string) => string;
  /** Tags that will do, with the version in the first group. */
  pattern: RegExp;
}

const slim = (version: string) => `${version}-slim`;
const plain = /^(\d+(?:\.\d+){0,2})(-(?:[a-z]+-)?slim|-[a-z]+)?$/;

/**
 * `newest` of node, java and dotnet is the newest with long-term support. The Debian of a build's
 * image must be no newer than that of the one its program runs in: both are Debian 12.
 */
export const families = {
  node: { repository: 'node', parts: 1, newest: '24', oldest: '20', tag: slim, pattern: plain },
  python: {
    repository: 'python',
    parts: 2,
    newest: '3.13',
    oldest: '3.10',
    tag: slim,
    pattern: plain,
  },
  bun: {
    repository: 'oven/bun',
    parts: 1,
    newest: '1',
    oldest: '1.0',
    tag: (version) => version,
    pattern: /^(\d+(?:\.\d+){0,2})(-slim|-debian)?$/,
  },
  deno: {
    repository: 'denoland/deno',
    parts: 3,
    newest: '2',
    oldest: '2.0',
    // The registry has whole versions only.
    tag: (version) => (/^\d+\.\d+\.\d+$/.test(version) ? version : 'latest'),
    pattern: /^(?:debian-)?(?:latest|(\d+(?:\.\d+){0,2}))$/,
  },
  go: {
    repository: 'golang',
    parts: 2,
    newest: '1.25',
    oldest: '1.21',
    compatible: true,
    tag: (version) => `${version}-bookworm`,
    pattern: /^(\d+(?:\.\d+){0,2})(-bookworm)?$/,
  },
  rust: {
    repository: 'rust',
    parts: 2,
    newest: '1',
    oldest: '1.80',
    compatible: true,
    tag: (version) => `${version}-bookworm`,
    pattern: /^(\d+(?:\.\d+){0,2})-bookworm$/,
  },
  maven: {
    repository: 'maven',
    parts: 1,
    newest: '21',
    oldest: '17',
    tag: (version) => `3-eclipse-temurin-${version}`,
    pattern: /^3[\d.]*-eclipse-temurin-(\d+)(-[a-z]+)?$/,
  },
  gradle: {
    repository: 'gradle',
    parts: 1,
    newest: '21',
    oldest: '17',
    tag: (version) => `8-jdk${version}`,
    pattern: /^8[\d.]*-jdk-?(\d+)(-[a-z]+)?$/,
  },
  jdk: {
    repository: 'eclipse-temurin',
    parts: 1,
    newest: '21',
    oldest: '17',
    tag: (version) => `${version}-jdk`,
    pattern: /^(\d+)[\d._u]*-jdk(-[a-z]+)?$/,
  },
  jre: {
    repository: 'eclipse-temurin',
    parts: 1,
    newest: '21',
    oldest: '17',
    tag: (version) => `${version}-jre`,
    pattern: /^(\d+)[\d._u]*-jre(-[a-z]+)?$/,
  },
  php: {
    repository: 'php',
    parts: 2,
    newest: '8.4',
    oldest: '8.2',
    tag: (version) => `${version}-apache`,
    pattern: /^(\d+(?:\.\d+){0,2})-apache(-[a-z]+)?$/,
  },
  ruby: { repository: 'ruby', parts: 2, newest: '3.4', oldest: '3.2', tag: slim, pattern: plain },
  dotnet: {
    repository: 'mcr.microsoft.com/dotnet/sdk',
    parts: 1,
    newest: '8',
    oldest: '8.0',
    tag: (version) => `${version}.0`,
    pattern: /^(\d+\.\d+)[\d.]*(-[a-z]+(-slim)?)?$/,
  },
  aspnet: {
    repository: 'mcr.microsoft.com/dotnet/aspnet',
    parts: 1,
    newest: '8',
    oldest: '8.0',
    tag: (version) => `${version}.0`,
    pattern: /^(\d+\.\d+)[\d.]*(-[a-z]+(-slim)?)?$/,
  },
  'dotnet-runtime': {
    repository: 'mcr.microsoft.com/dotnet/runtime',
    parts: 1,
    newest: '8',
    oldest: '8.0',
    tag: (version) => `${version}.0`,
    pattern: /^(\d+\.\d+)[\d.]*(-[a-z]+(-slim)?)?$/,
  },
  distroless: {
    repository: 'gcr.io/distroless/static-debian12',
    parts: 0,
    newest: '12',
    oldest: '12',
    versioned: false,
    tag: () => 'nonroot',
    pattern: /^(?:nonroot|latest)$/,
  },
  debian: {
    repository: 'debian',
    parts: 1,
    newest: '12',
    oldest: '12.0',
    versioned: false,
    tag: () => 'bookworm-slim',
    pattern: /^(?:bookworm|(12|13)[\d.]*|trixie)(-slim)?$/,
  },
  composer: {
    repository: 'composer',
    parts: 1,
    newest: '2',
    oldest: '2.0',
    versioned: false,
    tag: (version) => version,
    pattern: /^(?:latest|(2[\d.]*))$/,
  },
} satisfies Record<string, BaseFamily>;
