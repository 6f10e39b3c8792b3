import { createRequire } from 'node:module';
import type { Diagnostic, Workspace } from '@astral-sh/ruff-wasm-nodejs';
import { type FaultAt, type SyntaxCheck, valid } from './fault.ts';
import { loadAfresh } from './load-afresh.ts';
import { offsetOf } from './source-text.ts';

const require = createRequire(import.meta.url);

/** Characters beyond which only the first fault is looked for. */
const fullReport = 100_000;

/** Checks Python 3 of every version up to the newest. Python 2 is one warning. */
export function checkPython(): SyntaxCheck {
  let workspace: Workspace | undefined;

  /** @throws as the parser does, which is then loaded anew for the next file. */
  function withWorkspace<T>(use: (workspace: Workspace) => T): T {
    const current = workspace ?? openWorkspace();
    // Whatever interrupts it leaves it in no known state.
    workspace = undefined;
    const result = use(current);
    workspace = current;
    return result;
  }

  function findFaults(source: string): FaultAt[] {
    const first =
      source.length > fullReport ? withWorkspace((it) => firstFault(it, source)) : undefined;
    if (first) return [first];
    const diagnostics: Diagnostic[] = withWorkspace((workspace) => workspace.check(source));
    return diagnostics
      .filter(({ code }) => code === 'invalid-syntax')
      .map(({ message, start_location: { row, column } }) => ({
        offset: offsetOf(source, row - 1, column - 1),
        message: sentence(message),
      }));
  }

  return (text) => {
    // Ruff ends lines where Python does, which does not include a carriage return alone.
    const source = text.replace(/\r(?!\n)/g, '\n');
    const faults = findFaults(source);
    if (faults.length === 0) return valid;
    const python2 = findPython2(source, faults);
    return { faults: python2 ? [python2] : faults };
  };
}

/**
 * The first fault of a large text. `check` makes an object of every one, and garbage has one for
 * every sign. `comments` parses and throws the first, but fails on letters of several bytes.
 */
function firstFault(workspace: Workspace, text: string): FaultAt | undefined {
  try {
    workspace.comments(text.replace(/[^\n-\x7f]/g, 'a'));
    return undefined;
  } catch (error) {
    const [, message, offset] = /^(.*) at byte range (\d+)\.\.\d+$/s.exec(String(error)) ?? [];
    if (message === undefined) throw error;
    return { offset: Number(offset), message: sentence(message.replace(/^Error: /, '')) };
  }
}

function sentence(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1);
}

function openWorkspace(): Workspace {
  const { Workspace, PositionEncoding } = loadAfresh(
    require.resolve('@astral-sh/ruff-wasm-nodejs'),
  ) as typeof import('@astral-sh/ruff-wasm-nodejs');
  const options = { 'target-version': 'py314', lint: { select: [] } };
  return new Workspace(options, PositionEncoding.Utf16);
}

/** Statements that Python 2 has and Python 3 has not; each on a line of its own. */
const statements: [RegExp, string][] = [
  [/^\s*print\s+(?![=(.[,)])[^\s]|^\s*print\s*>>|[:;]\s*print\s+["'\w]/, 'a `print` statement'],
  [/\bexcept\s+[\w.()\s,]+,\s*\w+\s*:/, '`except … , …:`'],
  [/^\s*raise\s+[\w.]+\s*,/, '`raise … , …`'],
  [/^\s*exec\s+["'\w]/, 'an `exec` statement'],
  [/[\w)\]"']\s*<>\s*[\w("']/, 'the `<>` operator'],
  [/`[^`]+`/, 'backquotes'],
  [/(?<![\w.])0\d+(?![\w.])|(?<![\w.])\d+[lL](?!\w)/, 'a number such as 0777 or 1L'],
  [/(?<![\w"'])ur["']/i, 'a `ur` string'],
  [/\bdef\s+\w+\s*\([^)]*\(\s*\w+\s*,/, 'a tuple as a parameter'],
];

/** What Python 2 never had; a file with it is Python 3 with a mistake. */
const newer =
  /^\s*(?:async\s+(?:def|for|with)|nonlocal)\b|(?<![\w"'])[fF]["']|\bdef\s[^\n]*\)\s*->|^\s*print\(\s*[^()\n]*,\s*(?:end|sep|file)=/m;

function findPython2(text: string, faults: readonly FaultAt[]): FaultAt | undefined {
  const [first] = faults;
  if (!first || newer.test(text)) return undefined;
  const start = text.lastIndexOf('\n', first.offset - 1) + 1;
  const end = text.indexOf('\n', first.offset);
  const line = text.slice(start, end < 0 ? undefined : end).slice(0, 1000);
  // A statement of Python 2 is whole; a call that lost a bracket only looks like one.
  if (count(line, /[([{]/g) !== count(line, /[)\]}]/g)) return undefined;
  const statement = statements.find(([pattern]) => pattern.test(line))?.[1];
  if (!statement) return undefined;
  const message = `This is Python 2 (${statement}), which no supported Python runs`;
  return { offset: first.offset, message, severity: 'warning' };
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
