import { basename, dirname, extname } from 'node:path/posix';
import { type KnownTechnology, technologies } from './technologies.ts';

/** Where technologies are found by what gives them away; a key may give away several. */
type Index = Map<string, KnownTechnology[]>;

const exact: Index = new Map();
const prefixes: Index = new Map();
const names: Index = new Map();
const extensions: Index = new Map();
const stems: Index = new Map();
const folders: Index = new Map();

for (const technology of technologies) {
  for (const sign of wordsOf(technology.from)) {
    if (sign.endsWith('*')) add(prefixes, sign.slice(0, -1).toLowerCase(), technology);
    else add(exact, sign.toLowerCase(), technology);
  }
  for (const sign of wordsOf(technology.files)) {
    if (sign.endsWith('/')) add(folders, sign.slice(0, -1), technology);
    else if (sign.startsWith('*.')) add(extensions, sign.slice(1), technology);
    else if (sign.endsWith('.*')) add(stems, sign.slice(0, -2), technology);
    else add(names, sign, technology);
  }
}
const PREFIX_LENGTHS = [...new Set([...prefixes.keys()].map((prefix) => prefix.length))];

export const technologyByName: ReadonlyMap<string, KnownTechnology> = new Map(
  technologies.map((technology) => [technology.name, technology]),
);

/** By `npm:react`, `image:postgres`, `plugin:application`. */
export function technologiesOfSign(sign: string): KnownTechnology[] {
  const key = sign.toLowerCase();
  const found = exact.get(key) ?? [];
  const begun = PREFIX_LENGTHS.flatMap((length) => prefixes.get(key.slice(0, length)) ?? []);
  return [...found, ...begun];
}

export function technologiesOfFile(path: string): KnownTechnology[] {
  const name = basename(path);
  const extension = extname(name);
  const folder = dirname(path);
  return [
    ...(names.get(name) ?? []),
    ...(extensions.get(extension) ?? []),
    ...(stems.get(name.slice(0, name.length - extension.length)) ?? []),
    ...(folder === '.' ? [] : technologiesOfFolder(folder)),
  ];
}

function technologiesOfFolder(folder: string): KnownTechnology[] {
  const inside = `/${folder}/`;
  return [...folders].flatMap(([name, found]) => (inside.includes(`/${name}/`) ? found : []));
}

function wordsOf(list: string | undefined): string[] {
  return list?.split(' ') ?? [];
}

function add(index: Index, key: string, technology: KnownTechnology): void {
  const known = index.get(key);
  if (known) known.push(technology);
  else index.set(key, [technology]);
}
