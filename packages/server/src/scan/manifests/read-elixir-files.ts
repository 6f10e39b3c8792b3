import { collectLocked, type Draft, dependency } from './draft.ts';
import { linesOf } from './lines-of.ts';
import type { Dependency } from './manifest.ts';

/** mix.exs: the tuples in its lists of dependencies. */
export function readMixExs(text: string): Draft {
  const direct: Dependency[] = [];
  let inside = false;
  for (const line of linesOf(text)) {
    const code = line.replace(/(?:^|\s)#(?!\{).*$/, '');
    if (/^\s*defp?\s/.test(code)) inside = /^\s*defp?\s+\w*deps\b/.test(code);
    const found = inside ? tupleOf(code) : undefined;
    if (found) direct.push(found);
  }
  const elixir = /\belixir:\s*"([^"\n]+)"/.exec(text)?.[1];
  return {
    name: /\bapp:\s*:(\w+)/.exec(text)?.[1],
    version: /\bversion:\s*"([^"\n]+)"/.exec(text)?.[1],
    direct,
    commands: /\bescript:\s*\[/.test(text) ? [/\bapp:\s*:(\w+)/.exec(text)?.[1] ?? ''] : [],
    isLibrary: /^\s*package:\s/m.test(text) || undefined,
    packageManager: 'mix',
    engines: elixir ? { elixir } : undefined,
  };
}

/** `{:phoenix, "~> 1.7", only: [:dev, :test]}` */
function tupleOf(code: string): Dependency | undefined {
  const found = /\{:(\w+),\s*(?:"([^"]*)"|(?=[a-z]\w*:))(.*)$/.exec(code);
  if (!found) return undefined;
  const rest = found[3] ?? '';
  const only = /\bonly:\s*(\[[^\]]*\]|:\w+)/.exec(rest)?.[1];
  const scope = only && !only.includes(':prod') ? 'development' : 'runtime';
  return found[2] === undefined
    ? dependency(found[1] ?? '', '', scope, false)
    : dependency(found[1] ?? '', found[2], scope);
}

export function readMixLock(text: string): Draft {
  const { locked, add } = collectLocked();
  for (const line of linesOf(text)) {
    const found = /^\s*"(\w+)": \{:hex, :(\w+), "([^"]+)"/.exec(line);
    if (found) add(found[2] ?? '', found[3] ?? '');
  }
  return { locked, packageManager: 'mix' };
}
