/**
 * The images a Dockerfile is built on: those of `FROM` and of `COPY --from`, with the defaults of
 * `ARG`s put in; neither its own stages nor `scratch`. One whose name can't be told without the
 * builder is left out: the builder will say what is wrong with it.
 */
export function fromImages(dockerfile: string): string[] {
  const defaults = new Map<string, string>();
  const stages = new Set<string>();
  const images = new Set<string>();
  let inStage = false;
  for (const line of instructionsOf(dockerfile)) {
    const [instruction = '', ...words] = line.split(/\s+/);
    const keyword = instruction.toUpperCase();
    if (keyword === 'ARG' && !inStage) readArgument(words, defaults);
    if (keyword === 'FROM') {
      inStage = true;
      const [name = '', as, alias] = words.filter((word) => !word.startsWith('--'));
      addImage(name, defaults, stages, images);
      if (as?.toUpperCase() === 'AS' && alias !== undefined) stages.add(alias.toLowerCase());
    }
    if (keyword === 'COPY') {
      const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
      if (from !== undefined && !/^\d+$/.test(from)) addImage(from, new Map(), stages, images);
    }
  }
  return [...images];
}

/** Logical lines: comments removed, continuations joined. */
function instructionsOf(dockerfile: string): string[] {
  const continuation = /^#\s*escape\s*=\s*`/im.test(dockerfile) ? '`' : '\\';
  const lines: string[] = [];
  let open = '';
  for (const raw of dockerfile.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (line.endsWith(continuation)) {
      open += `${line.slice(0, -1)} `;
    } else {
      lines.push(open + line);
      open = '';
    }
  }
  if (open !== '') lines.push(open.trim());
  return lines;
}

function readArgument(words: string[], defaults: Map<string, string>): void {
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 0) continue;
    const value = expand(word.slice(at + 1).replace(/^(["'])(.*)\1$/, '$2'), defaults);
    if (value !== null) defaults.set(word.slice(0, at), value);
  }
}

function addImage(
  name: string,
  defaults: Map<string, string>,
  stages: Set<string>,
  images: Set<string>,
): void {
  const image = expand(name, defaults);
  if (image === null || image === '' || image.toLowerCase() === 'scratch') return;
  if (!stages.has(image.toLowerCase())) images.add(image);
}

/** Puts in `$NAME`, `${NAME}`, `${NAME:-default}`; `null` when one has no value. */
function expand(text: string, values: Map<string, string>): string | null {
  let complete = true;
  const expanded = text.replace(
    /\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})/g,
    (_, plain: string | undefined, braced: string | undefined, fallback: string | undefined) => {
      const value = values.get(plain ?? braced ?? '') || fallback;
      if (value === undefined) complete = false;
      return value ?? '';
    },
  );
  return complete && !expanded.includes('$') ? expanded : null;
}
