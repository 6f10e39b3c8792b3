import type { Exception, Frame } from './exceptions.ts';
import type { Trace } from './render-trace.ts';

/** `TypeError: x is not a function`, or what there is of it. */
export function headline({ type, value }: Exception, module?: string): string {
  const name = type && module ? `${module}.${type}` : type;
  return [name, value].filter((part) => part !== undefined).join(': ') || 'Error';
}

/** As `node:util` shows it, and V8 the part without causes. Also for what is not known. */
export function inJavascriptNotation({ exception, cause, members }: Trace): string {
  const lines = [headline(exception), ...newestFirst(exception, '    ', javascriptFrame)];
  if (!cause && members.length === 0) return lines.join('\n');
  lines.push(`${lines.pop()} {`);
  if (cause) lines.push(`  [cause]: ${indented(inJavascriptNotation(cause), '  ')}`);
  if (members.length > 0) {
    const texts = members.map((member) => `    ${indented(inJavascriptNotation(member), '    ')}`);
    lines.push('  [errors]: [', texts.join(',\n'), '  ]');
  }
  return [...lines, '}'].join('\n');
}

function javascriptFrame(frame: Frame): string {
  // The SDK writes `?` for what V8 calls <anonymous>, also in `Object.<anonymous>`.
  const name = frame.function?.replace(/(^|\.)\?$/, '$1<anonymous>');
  const place = placeOf(frame) ?? '<anonymous>';
  return name === undefined || name === '<anonymous>' ? `at ${place}` : `at ${name} (${place})`;
}

export function inJavaNotation({ exception, cause, members }: Trace): string {
  const lines = [
    headline(exception, exception.module),
    ...newestFirst(exception, '\t', javaFrame),
    ...members.map((member) => `\tSuppressed: ${indented(inJavaNotation(member), '\t')}`),
  ];
  if (cause) lines.push(`Caused by: ${inJavaNotation(cause)}`);
  return lines.join('\n');
}

function javaFrame({ module, function: name, file, line }: Frame): string {
  const fileName = file?.replace(/^.*\//, '');
  const place = fileName && line !== undefined && line > 0 ? `${fileName}:${line}` : fileName;
  return `at ${joined(module, '.', name)}(${place ?? 'Unknown Source'})`;
}

export function inGoNotation({ exception, cause }: Trace): string {
  const lines = [
    exception.isHandled ? headline(exception) : `panic: ${exception.value ?? exception.type}`,
  ];
  if (exception.frames.length > 0) {
    lines.push('', 'goroutine 1 [running]:', ...newestFirst(exception, '', goFrame));
  }
  if (cause) lines.push('', `caused by: ${inGoNotation(cause)}`);
  return lines.join('\n');
}

function goFrame({ module, function: name, file, line }: Frame): string {
  return `${joined(module, '.', name)}(...)\n\t${joined(file, ':', line)}`;
}

export function inRubyNotation({ exception, cause }: Trace): string {
  const [newest, ...callers] = newestFirst(exception, '', rubyFrame);
  const { type, value } = exception;
  const message = value === undefined ? (type ?? 'Error') : joined(value, ' ', type && `(${type})`);
  const lines = [
    newest === undefined ? message : `${newest}: ${message}`,
    ...callers.map((caller) => `\tfrom ${caller}`),
  ];
  if (cause) lines.push(inRubyNotation(cause));
  return lines.join('\n');
}

function rubyFrame({ file, line, function: name }: Frame): string {
  return `${joined(file, ':', line)}:in \`${name ?? '<main>'}'`;
}

/** In PHP a frame is a call with the place of the caller; Sentry’s frames have their own place. */
export function inPhpNotation({ exception, cause }: Trace): string {
  const frames = exception.frames.toReversed();
  const [newest] = frames;
  const place = newest ? ` in ${joined(newest.file, ':', newest.line)}` : '';
  const lines = [`${headline(exception)}${place}`];
  if (frames.length > 0) {
    lines.push('Stack trace:');
    for (const [at, called] of frames.slice(0, -1).entries()) {
      const caller = frames[at + 1];
      const call = called?.function ? `${called.function}()` : '...';
      lines.push(`#${at} ${caller ? `${caller.file}(${caller.line ?? 0})` : '...'}: ${call}`);
    }
    lines.push(`#${frames.length - 1} {main}`);
  }
  const text = lines.join('\n');
  return cause ? `${inPhpNotation(cause)}\n\nNext ${text}` : text;
}

export function inCsharpNotation({ exception, cause }: Trace): string {
  const lines = [headline(exception, exception.module)];
  if (cause) {
    lines.push(` ---> ${inCsharpNotation(cause)}`, '   --- End of inner exception stack trace ---');
  }
  return [...lines, ...newestFirst(exception, '   ', csharpFrame)].join('\n');
}

function csharpFrame({ module, function: name, file, line }: Frame): string {
  const call = joined(module, '.', name);
  const withParameters = call.includes('(') ? call : `${call}()`;
  return `at ${withParameters}${file ? ` in ${joined(file, ':line ', line)}` : ''}`;
}

/** As Rust prints it, and close to what debuggers show for other native code. */
export function inNativeNotation({ exception, cause }: Trace): string {
  const newest = exception.frames.findLast((frame) => frame?.inApp);
  const isPanic = exception.type === 'panic';
  const at = (newest && placeOf(newest)) ?? '<unknown>';
  const lines = [
    isPanic ? `thread 'main' panicked at ${at}:\n${exception.value ?? ''}` : headline(exception),
  ];
  if (exception.frames.length > 0) {
    lines.push('stack backtrace:');
    for (const [index, frame] of exception.frames.toReversed().entries()) {
      const number = String(index).padStart(4);
      lines.push(frame ? `${number}: ${nativeFrame(frame)}` : `${number}: ...`);
    }
  }
  if (cause) lines.push('', `Caused by: ${inNativeNotation(cause)}`);
  return lines.join('\n');
}

function nativeFrame(frame: Frame): string {
  const name = frame.function ?? frame.address ?? '<unknown>';
  const place = placeOf(frame);
  return place === undefined ? name : `${name}\n             at ${place}`;
}

function newestFirst(exception: Exception, indent: string, show: (frame: Frame) => string) {
  return exception.frames
    .toReversed()
    .map((frame) => `${indent}${frame ? show(frame) : '... some frames were left out'}`);
}

function placeOf({ file, module, line, column }: Frame): string | undefined {
  const place = file ?? module;
  return place && joined(joined(place, ':', line), ':', line === undefined ? undefined : column);
}

function joined(
  first: string | undefined,
  separator: string,
  second: string | number | undefined,
): string {
  const parts = [first, second].filter((part) => part !== undefined);
  return parts.join(separator) || '<unknown>';
}

function indented(text: string, indent: string): string {
  return text.replaceAll('\n', `\n${indent}`);
}
