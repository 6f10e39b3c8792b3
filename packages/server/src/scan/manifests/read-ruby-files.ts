import { collectLocked, type Draft, dependency } from './draft.ts';
import { linesOf } from './lines-of.ts';
import type { Dependency, DependencyScope } from './manifest.ts';

const DEVELOPMENT = /:(?:development|test|ci|lint|docs?)\b/;

/** Gemfile: the lines that say it plainly, within their groups. */
export function readGemfile(text: string): Draft {
  const direct: Dependency[] = [];
  const blocks: DependencyScope[] = [];
  let ruby: string | undefined;
  for (const line of linesOf(text)) {
    const code = line.replace(/(?:^|\s)#.*$/, '').trim();
    const outer = blocks.at(-1) ?? 'runtime';
    if (/^end\b/.test(code)) blocks.pop();
    else if (/^group\b.*\bdo$/.test(code))
      blocks.push(DEVELOPMENT.test(code) ? 'development' : outer);
    else if (/\bdo(?:\s*\|[^|]*\|)?$/.test(code) || /^(?:if|unless|case)\b/.test(code)) {
      blocks.push(outer);
    }
    ruby ??= /^ruby\s+["']([^"']+)["']/.exec(code)?.[1];
    const found = gemOf(code, outer);
    if (found) direct.push(found);
  }
  return {
    direct,
    isLibrary: false,
    packageManager: 'bundler',
    engines: ruby ? { ruby } : undefined,
  };
}

/** `gem "rails", "~> 7.1", group: :test` */
function gemOf(code: string, outer: DependencyScope): Dependency | undefined {
  const found = /^gem[\s(]+["']([\w.-]+)["'](.*)$/.exec(code);
  if (!found) return undefined;
  const rest = found[2] ?? '';
  const ranges = /^((?:\s*,\s*["'][^"']*["'])*)/.exec(rest)?.[1] ?? '';
  const range = [...ranges.matchAll(/["']([^"']*)["']/g)].map(([, part]) => part).join(', ');
  const isSource = /\b(?:git|github|path):|:(?:git|github|path)\s*=>/.test(rest);
  const isGroup = /\bgroups?:|:groups?\s*=>/.test(rest) && DEVELOPMENT.test(rest);
  const scope = isGroup ? 'development' : outer;
  return isSource
    ? dependency(found[1] ?? '', range, scope, false)
    : dependency(found[1] ?? '', range, scope);
}

export function readGemspec(text: string): Draft {
  const direct: Dependency[] = [];
  for (const line of linesOf(text)) {
    const found =
      /^\s*\w+\.add_(runtime_|development_)?dependency[\s(]+["']([\w.-]+)["'](?:\s*,\s*["']([^"']*)["'])?/.exec(
        line,
      );
    if (!found) continue;
    const scope = found[1] === 'development_' ? 'development' : 'runtime';
    direct.push(dependency(found[2] ?? '', found[3] ?? '', scope));
  }
  const commands = /^\s*\w+\.executables\s*(?:=|<<)\s*(.*)$/m.exec(text)?.[1] ?? '';
  const bare = /^%w[[({]([\w.\s-]*)/.exec(commands)?.[1]?.trim();
  return {
    name: /^\s*\w+\.name\s*=\s*["']([\w.-]+)["']/m.exec(text)?.[1],
    version: /^\s*\w+\.version\s*=\s*["']([\w.-]+)["']/m.exec(text)?.[1],
    direct,
    commands: bare
      ? bare.split(/\s+/)
      : [...commands.matchAll(/["']([\w.-]+)["']/g)].map(([, name]) => name ?? ''),
    isLibrary: true,
    packageManager: 'bundler',
  };
}

/** Gemfile.lock: the lines below `specs:` that are indented by four, not what those need. */
export function readGemfileLock(text: string): Draft {
  const { locked, add } = collectLocked();
  for (const line of linesOf(text)) {
    const found = /^ {4}([\w.-]+) \(([^()]+)\)$/.exec(line);
    if (found) add(found[1] ?? '', found[2] ?? '');
  }
  return { locked, packageManager: 'bundler' };
}
