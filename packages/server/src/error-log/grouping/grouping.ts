import { hash } from 'node:crypto';
import type { Cause, Frame, Trace } from './frame.ts';
import { traceOf } from './frames.ts';
import { relativeToEachOther, stableSegments } from './normalize-file.ts';
import { isTelling, normalizeFunction } from './normalize-function.ts';
import { normalizeMessage } from './normalize-message.ts';
import { withoutColours } from './stack-lines.ts';

const mostFramesUsed = 5;
const mostParts = 10;
const longestPart = 300;
const longestTitle = 200;
const longestType = 200;
const mostGiven = 50;
const longestGiven = 1000;

/** What an error is grouped by. */
export interface Grouping {
  /** 32 hexadecimal characters; equal for errors of one group. */
  fingerprint: string;
  /** One line of at most 200 characters that a person recognises the group by. */
  title: string;
  /** The app's own call that is nearest to the throw, as `database.py:42 in connect`. */
  culprit: string | null;
  reason: {
    by: 'given' | 'stack' | 'message';
    /** What the fingerprint is made of, for a person: at most 10, of at most 300 characters. */
    parts: string[];
  };
}

export interface GroupedError {
  error_type: string;
  message: string;
  stack_trace: string | null;
  /** Wins over all else; `{{ default }}` in it stands for what would be used without it. */
  fingerprint?: string[] | undefined;
  context?: unknown;
}

/**
 * Which errors are the same one: those with the type and the nearest of the app's own calls in
 * common, or, where there is no trace, the type and the message without its values. Line numbers,
 * folders and values of the day make no difference. Never throws, and takes bounded time on any text.
 */
export function groupingOf(error: GroupedError): Grouping {
  // Some reporters have no field for the stack, and send it as the message.
  const stack = error.stack_trace ?? (error.message.includes('\n') ? error.message : '');
  const trace = stack === '' ? null : traceOf(stack);
  const named = nameOf(error, trace?.cause ?? null);
  const frames = trace === null ? [] : framesToUse(trace);
  const computed = reasonOf(named, frames);
  const { reason, identity } = givenReason(error.fingerprint, computed) ?? {
    reason: computed,
    identity: computed.parts,
  };
  return {
    fingerprint: hash('sha256', JSON.stringify([reason.by, ...identity])).slice(0, 32),
    title: titleOf(named),
    culprit: culpritOf(frames[0]),
    reason: { by: reason.by, parts: reason.parts.slice(0, mostParts) },
  };
}

/** A cause that the trace names says more than what was thrown because of it. */
function nameOf(error: GroupedError, cause: Cause | null): Cause {
  return {
    type: shortType((cause?.type ?? error.error_type).slice(0, longestType)),
    message: cause?.message ?? error.message,
  };
}

/** Without its module or package, which only some reporters say. */
function shortType(type: string): string {
  const line = type.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  if (!/^[\w$.:\\`+]+$/.test(line)) return normalizeMessage(line);
  const last = /[\w$]+$/.exec(line.replace(/`\d+$/, ''))?.[0] ?? line;
  return last.replace(/\$\d+$/, '');
}

interface UsedFrame {
  frame: Frame;
  name: string | null;
  segments: string[];
}

/**
 * The nearest to the throw that are the app's own, or of all frames where none is. Each counts once:
 * how deep a recursion went is of this one time.
 */
function framesToUse({ frames }: Trace): UsedFrame[] {
  const own = frames.filter(({ inApp }) => inApp);
  const used = new Map<string, UsedFrame>();
  for (const frame of own.length > 0 ? own : frames) {
    const name = frame.function === null ? null : normalizeFunction(frame.function);
    if (name === null && frame.file === null) continue;
    const key = `${frame.file}\n${name}`;
    if (used.has(key)) continue;
    used.set(key, { frame, name, segments: frame.file === null ? [] : stableSegments(frame.file) });
    if (used.size === mostFramesUsed) break;
  }
  return [...used.values()];
}

type Reason = Grouping['reason'];

function reasonOf({ type, message }: Cause, frames: UsedFrame[]): Reason {
  if (frames.length === 0)
    return { by: 'message', parts: partsOf(type, normalizeMessage(message)) };
  const own = frames.filter(({ frame }) => frame.inApp);
  const files =
    own.length > 0
      ? relativeToEachOther(frames.map(({ segments }) => segments))
      : frames.map(({ segments }) => segments.join('/'));
  const calls = frames.map(({ name }, at) => {
    const file = files[at] ?? '';
    return file === '' ? `${name}` : name === null ? file : `${file} in ${name}`;
  });
  // All that goes wrong in one script, or below one library, is not one error.
  const tells = own.length > 0 && frames.some(({ name }) => isTelling(name));
  return {
    by: 'stack',
    parts: partsOf(type, ...calls, ...(tells ? [] : [normalizeMessage(message)])),
  };
}

function partsOf(...parts: string[]): string[] {
  return parts.filter((part) => part !== '').map((part) => cut(part, longestPart));
}

function givenReason(
  given: string[] | undefined,
  computed: Reason,
): { reason: Reason; identity: string[] } | null {
  const elements = given?.slice(0, mostGiven) ?? [];
  const isDefault = (element: string) => /^\{\{ {0,9}default {0,9}\}\}$/.test(element);
  if (elements.every(isDefault)) return null;
  const identity = elements.flatMap((element) =>
    isDefault(element) ? computed.parts : [element.slice(0, longestGiven)],
  );
  return { reason: { by: 'given', parts: partsOf(...identity) }, identity };
}

function titleOf({ type, message }: Cause): string {
  const line = oneLine(message);
  if (line === '') return type === '' ? 'Unknown error' : cut(type, longestTitle);
  return cut(type === '' || line.startsWith(`${type}:`) ? line : `${type}: ${line}`, longestTitle);
}

/** The first line with something in it. */
function oneLine(text: string): string {
  const [line = ''] = /\S.*/.exec(withoutColours(text.slice(0, 1000))) ?? [];
  return line.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

function culpritOf(used: UsedFrame | undefined): string | null {
  if (used === undefined) return null;
  const { frame, name } = used;
  const file = /[^\\/]*$/.exec(frame.file?.replace(/\?.*$/s, '') ?? '')?.[0] ?? '';
  if (file === '') return name === null ? null : cut(name, longestPart);
  const place = frame.line === null ? file : `${file}:${frame.line}`;
  return cut(name === null ? place : `${place} in ${name}`, longestPart);
}

function cut(text: string, length: number): string {
  const short = text.length > length ? `${text.slice(0, length - 1)}…` : text;
  return short.toWellFormed();
}
