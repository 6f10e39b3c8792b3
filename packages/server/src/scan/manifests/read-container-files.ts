import { type Draft, dependency } from './draft.ts';
import { linesOf } from './lines-of.ts';
import type { Dependency } from './manifest.ts';
import { parseYaml } from './parse-text.ts';
import { tableAt, textAt } from './table.ts';

/** Dockerfile: the images it begins with or copies from, its own stages left out. */
export function readDockerfile(text: string): Draft {
  const stages = new Set<string>();
  const given = new Map<string, string>();
  const direct: Dependency[] = [];
  for (const line of instructions(text)) {
    const argument = /^ARG\s+(\w+)=["']?([^"'\s]*)/i.exec(line);
    if (argument) given.set(argument[1] ?? '', argument[2] ?? '');
    const from = /^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(line);
    const copied = /^COPY\s+(?:--\S+\s+)*--from=(\S+)/i.exec(line)?.[1];
    const written = from?.[1] ?? copied;
    if (written !== undefined && !stages.has(written.toLowerCase()) && !/^\d+$/.test(written)) {
      const image = imageOf(withArguments(written, given));
      if (image) direct.push(image);
    }
    if (from?.[2]) stages.add(from[2].toLowerCase());
  }
  return { direct };
}

function* instructions(text: string): Generator<string> {
  let open = '';
  for (const line of linesOf(text)) {
    if (/^\s*#/.test(line)) continue;
    if (line.trimEnd().endsWith('\\') && open.length < 20_000) {
      open += `${line.trimEnd().slice(0, -1)} `;
      continue;
    }
    yield (open + line).trim();
    open = '';
  }
  if (open) yield open.trim();
}

/** `${VERSION}`, `${VERSION:-16}`, `$VERSION` */
function withArguments(text: string, given: ReadonlyMap<string, string>): string {
  return text.replace(
    /\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))/g,
    (whole, braced?: string, fallback?: string, bare?: string) =>
      given.get(braced ?? bare ?? '') ?? fallback ?? whole,
  );
}

/** `registry:5000/team/app:1.2@sha256:…`; `undefined` for what is no image that can be named. */
function imageOf(written: string): Dependency | undefined {
  const [reference = '', digest] = written.split('@', 2);
  const slash = reference.lastIndexOf('/');
  const colon = reference.indexOf(':', slash + 1);
  const name = (colon < 0 ? reference : reference.slice(0, colon)).toLowerCase();
  const tag = colon < 0 ? '' : reference.slice(colon + 1);
  if (name === 'scratch' || !/^[\w./:-]+$/.test(name)) return undefined;
  const unpinned = digest === undefined && (tag === '' || tag === 'latest');
  return dependency(name, digest ? `${tag}@${digest}` : tag, 'runtime', unpinned);
}

/** docker-compose.yml and its kin: the images of its services. */
export function readCompose(text: string): Draft {
  const services = Object.values(tableAt(parseYaml(text), 'services'));
  const none = new Map<string, string>();
  return {
    direct: services.flatMap((service) => {
      const image = textAt(service, 'image');
      // With a `build`, it is only what the result is called.
      const isBuilt = tableAt(service).build !== undefined;
      return image && !isBuilt ? (imageOf(withArguments(image, none)) ?? []) : [];
    }),
  };
}
