import type { StackName } from '@borgos/contracts/stack-names';
import type { VolumeMount } from '@borgos/contracts/volumes';

/** A file that is put into the build beside those of the project. */
export interface ExtraFile {
  /** Relative, with slashes. */
  path: string;
  content: string;
}

/**
 * How a directory becomes a running app, whatever runs it: found by `detectRecipe`, turned into a
 * Dockerfile by the Docker runtime and executed command by command by the process runtime.
 * All commands are argument vectors and run in the root of the copied sources, with the
 * directories of `searchPath` in front of PATH and with `extraFiles` already in place.
 */
export interface Recipe {
  stack: StackName;
  /** The folder inside of the project that all of it is about, and that is built; absent: the whole. */
  root?: string;
  /** The file that told, relative to the project: `package.json`. */
  foundBy: string;
  /** The project's own Dockerfile, relative; then all that follows but `port` is empty. */
  dockerfile: string | null;
  /** The language's version the project asks for: `22`, `3.12`; `null` when it doesn't say. */
  version: string | null;
  /**
   * Files that `install` reads, so that the layer is built again only when they change. Empty while
   * `install` is not: it reads the sources too (a workspace, a `postinstall` script).
   */
  manifests: string[];
  install: string[][];
  build: string[][];
  /** Takes part in `withPort`: `{HOST}` and `{PORT}` in it stand for where the app must listen. */
  start: string[] | null;
  /** Fixed environment of the app: `NODE_ENV`. */
  environment: Record<string, string>;
  /** Where the app listens if it does not honour `PORT`: EXPOSE, or the framework's habit. */
  port: number;
  extraFiles: ExtraFile[];
  /** What a person should know about choices that were made. */
  notes: string[];
  /** What the project itself says is kept over releases. */
  volumes?: VolumeMount[];
  /** What the project itself says is asked to learn whether it is healthy: `/health`. */
  healthCheckPath?: string;
  /** What only a container needs: the process runtime takes the machine as it is. */
  container?: ContainerPlan;
}

/** How an image is made, beyond the recipe's commands. */
export interface ContainerPlan {
  /** What it is built in, where the stack does not tell. */
  builder?: 'maven' | 'gradle' | 'jdk';
  /** Programs that are taken from images of their own. */
  tools?: ('node' | 'composer')[];
  /** Of Debian, for the build. */
  packages?: string[];
  /** Run as root before anything of the project is there. */
  setup?: string[][];
  /** Instead of `install`, as the image has the tools that it would get. */
  install?: string[][];
  /** Run as root when all is built. */
  finish?: string[][];
  /** A second stage; absent: the app runs in the image that it was built in. */
  run?: RunStage;
}

/** A stage without the build's tools: the sources, and of what was built no more than `copy`. */
export interface RunStage {
  image: 'distroless' | 'debian' | 'jre' | 'aspnet' | 'dotnet-runtime';
  /** Files and folders (with a slash at the end) that the build made, relative. */
  copy: string[];
  /** Of Debian. */
  packages?: string[];
}

/**
 * Directories, relative to the root of the copied sources, that a runtime puts in front of PATH for
 * every command of a recipe: what `install` made is found there, by a script inside a script too.
 * Those that don't exist do no harm.
 */
export const searchPath = [
  '.borgos/bin',
  '.borgos/venv/bin',
  '.borgos/tools/node_modules/.bin',
  'node_modules/.bin',
];

/**
 * A recipe's `start` with `{HOST}` and `{PORT}` filled in. An argument vector has no shell that
 * would expand `$PORT`, and only the runtime knows the port.
 */
export function withPort(
  start: string[],
  { host, port }: { host: string; port: number },
): string[] {
  return start.map((word) => word.replaceAll('{HOST}', host).replaceAll('{PORT}', String(port)));
}
