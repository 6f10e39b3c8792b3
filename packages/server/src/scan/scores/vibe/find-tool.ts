import { basename } from 'node:path/posix';
import { type Evidence, seen } from '../check.ts';
import { listCommandLines } from '../commands.ts';
import { belongsToTests } from '../is-test-file.ts';
import type { ScanFacts } from '../scan-facts.ts';
import type { Tool } from './tools.ts';

/** Deeper down lie templates, examples and what was copied: their settings are not the project's. */
const deepest = 3;

export function isNearRoot(path: string): boolean {
  return path.split('/').length <= deepest + 1 && !belongsToTests(path);
}

/** Looks for some of these tools in one project, reading its paths and commands once. */
export function toolFinder(
  facts: ScanFacts,
  tools: readonly Tool[],
): (tool: Tool) => Evidence | undefined {
  const anySettings = new RegExp(
    tools.flatMap(({ settings }) => (settings ? [settings.source] : [])).join('|'),
  );
  const paths = new Map<string, string>();
  for (const { path } of facts.files) {
    const name = basename(path);
    if (anySettings.test(name) && !paths.has(name) && isNearRoot(path)) paths.set(name, path);
  }
  const names = [...paths.keys()];
  const texts = [...facts.texts].filter(([path]) => isNearRoot(path));
  const commands = listCommandLines(facts);

  return ({ name, settings, sections = [], packages = [], command }) => {
    const own = settings && names.find((one) => settings.test(one));
    if (own) return seen(paths.get(own) ?? own, `${name}: settings`);
    for (const { file, text } of sections) {
      const found = texts.find(
        ([path, content]) => file.test(basename(path)) && text.test(content),
      );
      if (found) return seen(found[0], `${name}: section`);
    }
    const line = command && commands.find((one) => command.test(one.text));
    if (line) return seen(line.file, `${name}: ${line.text}`, line.line);
    for (const manifest of facts.manifests) {
      const dependency = manifest.dependencies.find((one) => packages.includes(one.name));
      if (dependency) return seen(manifest.file, `${name}: depends on ${dependency.name}`);
    }
    return undefined;
  };
}
