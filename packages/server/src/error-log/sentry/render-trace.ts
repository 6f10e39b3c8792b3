import type { Exception } from './exceptions.ts';
import { cut } from './plain-values.ts';
import { inPythonNotation } from './python-notation.ts';
import {
  inCsharpNotation,
  inGoNotation,
  inJavaNotation,
  inJavascriptNotation,
  inNativeNotation,
  inPhpNotation,
  inRubyNotation,
} from './trace-notations.ts';

/** An exception with those it came from. */
export interface Trace {
  exception: Exception;
  cause: Trace | undefined;
  /** What a group of exceptions, such as an AggregateError, is made of. */
  members: Trace[];
}

const mostCharacters = 64 * 1024;

/**
 * The stack trace as the platform itself would have printed it, so that an error is the same one
 * whether an SDK sent it or it was found in the output of an app.
 * @param exceptions the last is the one that was reported
 * @returns null if there is no frame
 */
export function renderTrace(platform: string, exceptions: readonly Exception[]): string | null {
  const trace = traceOf(exceptions);
  if (!trace || exceptions.every(({ frames }) => frames.length === 0)) return null;
  const notation = notations[platform] ?? inJavascriptNotation;
  return cut(notation(trace), mostCharacters);
}

const notations: Readonly<Partial<Record<string, (trace: Trace) => string>>> = {
  __proto__: null as never,
  python: inPythonNotation,
  java: inJavaNotation,
  kotlin: inJavaNotation,
  groovy: inJavaNotation,
  go: inGoNotation,
  ruby: inRubyNotation,
  php: inPhpNotation,
  csharp: inCsharpNotation,
  native: inNativeNotation,
  rust: inNativeNotation,
  cocoa: inNativeNotation,
  c: inNativeNotation,
  objc: inNativeNotation,
};

function traceOf(exceptions: readonly Exception[]): Trace | undefined {
  const reported = exceptions.at(-1);
  if (!reported) return undefined;
  return reported.id === undefined ? chainOf(exceptions) : treeOf(reported, exceptions);
}

function chainOf(exceptions: readonly Exception[]): Trace | undefined {
  let trace: Trace | undefined;
  for (const exception of exceptions) trace = { exception, cause: trace, members: [] };
  return trace;
}

function treeOf(root: Exception, exceptions: readonly Exception[]): Trace {
  const left = new Set(exceptions);
  function grow(exception: Exception): Trace {
    left.delete(exception);
    const trace: Trace = { exception, cause: undefined, members: [] };
    const children = [...left]
      .filter(({ parentId }) => parentId !== undefined && parentId === exception.id)
      .sort((a, b) => (a.id ?? 0) - (b.id ?? 0));
    for (const child of children) {
      // What claims to be its own ancestor has its place already.
      if (!left.has(child)) continue;
      const isMember = exception.isGroup && !/cause|context/.test(child.source ?? '[0]');
      if (isMember || trace.cause) trace.members.push(grow(child));
      else trace.cause = grow(child);
    }
    return trace;
  }
  return grow(root);
}
