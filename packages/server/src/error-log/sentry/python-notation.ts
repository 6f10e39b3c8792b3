import type { Exception, Frame } from './exceptions.ts';
import type { Trace } from './render-trace.ts';
import { headline } from './trace-notations.ts';

/** As `traceback.print_exception` writes it: the oldest exception and the oldest call first. */
export function inPythonNotation(trace: Trace): string {
  return linesOf(trace).join('\n');
}

function linesOf({ exception, cause, members }: Trace): string[] {
  const lines: string[] = [];
  if (cause) lines.push(...linesOf(cause), '', phraseFor(cause.exception), '');
  if (members.length === 0) return [...lines, ...tracebackOf(exception)];
  const [title = '', ...rest] = tracebackOf(exception);
  const group = exception.frames.length > 0 ? `Exception Group ${title}` : title;
  lines.push(`  + ${group}`, ...rest.map((line) => `  | ${line}`));
  for (const [at, member] of members.entries()) {
    lines.push(`  ${at === 0 ? '+-' : '  '}+---------------- ${at + 1} ----------------`);
    lines.push(...linesOf(member).map((line) => `    | ${line}`));
  }
  lines.push('    +------------------------------------');
  return lines;
}

function tracebackOf(exception: Exception): string[] {
  const isBuiltin = ['builtins', '__builtins__', 'exceptions', '__main__'].includes(
    exception.module ?? 'builtins',
  );
  return [
    ...(exception.frames.length > 0 ? ['Traceback (most recent call last):'] : []),
    ...exception.frames.flatMap(frameLines),
    ...headline(exception, isBuiltin ? undefined : exception.module).split('\n'),
  ];
}

function frameLines(frame: Frame | undefined): string[] {
  if (!frame) return ['  [some frames were left out]'];
  const lines = [
    `  File "${frame.file ?? frame.module ?? '<unknown>'}", line ${frame.line ?? '?'}, in ${frame.function ?? '<module>'}`,
  ];
  if (frame.code) lines.push(`    ${frame.code}`);
  return lines;
}

function phraseFor({ source }: Exception): string {
  return source === '__cause__'
    ? 'The above exception was the direct cause of the following exception:'
    : 'During handling of the above exception, another exception occurred:';
}
