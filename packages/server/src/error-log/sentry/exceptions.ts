import { type Fields, fieldsOf, listOf, numberOf, textOf } from './plain-values.ts';

export interface Frame {
  function: string | undefined;
  /** A module, package or class, whatever the platform has. */
  module: string | undefined;
  file: string | undefined;
  line: number | undefined;
  column: number | undefined;
  /** The source line. */
  code: string | undefined;
  address: string | undefined;
  inApp: boolean;
}

export interface Exception {
  type: string | undefined;
  value: string | undefined;
  module: string | undefined;
  /** The oldest call first. `undefined`: some were left out here. */
  frames: (Frame | undefined)[];
  isHandled: boolean;
  isSynthetic: boolean;
  /** How it comes to be part of another one: `cause`, `__context__`, `errors[0]`, … */
  source: string | undefined;
  isGroup: boolean;
  id: number | undefined;
  parentId: number | undefined;
}

const mostExceptions = 10;
const mostFrames = 100;

/** The exceptions of an event, as Sentry orders them: the last is the one that was reported. */
export function exceptionsOf(event: Fields): Exception[] {
  const values = listOf(event.exception).slice(-mostExceptions);
  const exceptions = values.map((value) => exceptionOf(fieldsOf(value)));
  const reported = exceptions.at(-1);
  if (reported && reported.frames.length === 0) {
    reported.frames = framesOfThread(event, fieldsOf(values.at(-1)).thread_id);
  }
  return exceptions;
}

/** Of a thread that the event is about: native SDKs and messages have their frames there. */
export function framesOfThread(event: Fields, id?: unknown): Exception['frames'] {
  const threads = listOf(event.threads).slice(0, 1000).map(fieldsOf);
  const thread =
    threads.find((one) => id !== undefined && id !== null && one.id === id) ??
    threads.find(({ crashed }) => crashed === true) ??
    threads.find(({ current }) => current === true) ??
    (threads.length === 1 ? threads[0] : undefined);
  const frames = framesOf(thread?.stacktrace);
  return frames.length > 0 ? frames : framesOf(event.stacktrace);
}

function exceptionOf(value: Fields): Exception {
  const mechanism = fieldsOf(value.mechanism);
  return {
    type: textOf(value.type, 200),
    value: textOf(value.value, 8000),
    module: textOf(value.module, 300),
    frames: framesOf(value.stacktrace),
    isHandled: mechanism.handled !== false,
    isSynthetic: mechanism.synthetic === true,
    source: textOf(mechanism.source, 100),
    isGroup: mechanism.is_exception_group === true,
    id: numberOf(mechanism.exception_id),
    parentId: numberOf(mechanism.parent_id),
  };
}

function framesOf(stacktrace: unknown): Exception['frames'] {
  const frames = fieldsOf(stacktrace).frames;
  if (!Array.isArray(frames)) return [];
  if (frames.length <= mostFrames) return frames.map((frame) => frameOf(fieldsOf(frame)));
  return keepRelevant(frames);
}

/** The newest and the oldest calls, and between them those of the app itself, the newest first. */
function keepRelevant(frames: readonly unknown[]): Exception['frames'] {
  const newest = 50;
  const oldest = 10;
  const kept = new Set<number>();
  for (let at = 0; at < oldest; at++) kept.add(at);
  for (let at = frames.length - newest; at < frames.length; at++) kept.add(at);
  for (let at = frames.length - newest - 1; at >= oldest && kept.size < mostFrames; at--) {
    if (fieldsOf(frames[at]).in_app === true) kept.add(at);
  }
  const shown: Exception['frames'] = [];
  let last = -1;
  for (const at of [...kept].sort((a, b) => a - b)) {
    if (at !== last + 1) shown.push(undefined);
    shown.push(frameOf(fieldsOf(frames[at])));
    last = at;
  }
  return shown;
}

function frameOf(frame: Fields): Frame {
  return {
    function: oneLine(frame.function, 300),
    module: oneLine(frame.module, 300),
    file: oneLine(frame.abs_path, 500) ?? oneLine(frame.filename, 500),
    line: numberOf(frame.lineno),
    column: numberOf(frame.colno),
    code: oneLine(frame.context_line, 200)?.trim() || undefined,
    address: oneLine(frame.instruction_addr, 40),
    inApp: frame.in_app !== false,
  };
}

/** A line break in a name would look like another frame. */
function oneLine(value: unknown, most: number): string | undefined {
  return textOf(value, most)?.replace(/[\r\n]+/g, ' ');
}
