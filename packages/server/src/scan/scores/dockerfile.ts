import { basename } from 'node:path/posix';

export interface Stage {
  image: string;
  name: string | null;
  line: number;
}

/**
 * The stages of a Dockerfile, in order. Arguments are replaced by their defaults, as nothing else is
 * known of them before a build.
 */
export function readStages(text: string): Stage[] {
  const defaults = new Map<string, string>();
  const stages: Stage[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const argument = /^\s*ARG\s+(\w+)=["']?([^"'\s]*)/i.exec(line);
    if (argument?.[1] && stages.length === 0) defaults.set(argument[1], argument[2] ?? '');
    const from = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(line);
    if (!from?.[1]) continue;
    const image = from[1].replace(
      /\$\{(\w+)(?::?-([^}]*))?\}|\$(\w+)/g,
      (_, braced: string | undefined, otherwise: string | undefined, plain: string | undefined) =>
        defaults.get(braced ?? plain ?? '') ?? otherwise ?? '',
    );
    stages.push({ image, name: from[2]?.toLowerCase() ?? null, line: index + 1 });
  }
  return stages;
}

/** The image that what is shipped begins with: the last stage's, through the stages it builds on. */
export function shippedBase(stages: readonly Stage[]): Stage | undefined {
  let at = stages.length - 1;
  let stage = stages[at];
  while (stage) {
    const name = stage.image.toLowerCase();
    const earlier = stages.slice(0, at).findLastIndex((other) => other.name === name);
    if (earlier < 0) return stage;
    at = earlier;
    stage = stages[at];
  }
  return undefined;
}

const slim =
  /(?:^|[/:._-])(?:slim|alpine|distroless|scratch|busybox|minimal|micro|tiny|static|chiseled|nanoserver|wolfi|wolfi-base|chainguard|ubi-?\d*-(?:minimal|micro))(?=$|[/:@._\d-])/i;

/** Whether an image says of itself that it has only what it needs. */
export function isSlim(image: string): boolean {
  return slim.test(image);
}

export function isDockerfile(path: string): boolean {
  return /^(?:Dockerfile|Containerfile)(?:\.(?!dockerignore$)[\w.-]+)?$|^[\w.-]+\.(?:Dockerfile|dockerfile)$/.test(
    basename(path),
  );
}
