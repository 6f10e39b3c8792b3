const level = String.raw`\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL(?! ERROR)|CRITICAL)\]?:?`;
const day = String.raw`\d{4}[-/]\d\d[-/]\d\d[T ]`;
const zone = String.raw`(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))`;
const stamp = String.raw`\[?(?:${day})?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?${zone}?\]?:?`;
const syslog = String.raw`[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,64} [\w./-]{1,64}\[\d+\]:`;
const source = String.raw`[\w./-]{1,64} *\|`;

// One space only ends the prefix: what is more is the line's own indentation.
const prefix = new RegExp(
  `(?:(?:${syslog}|${stamp})(?: |$))?(?:(${source})(?: |$))?(?:(?:stdout|stderr) [FP](?: |$))?(?:(${level})(?: |$))?`,
  'y',
);

interface LinePrefix {
  /** In characters; 0 when there is none. */
  length: number;
  /** The same for all lines of one source and level. */
  kind: string;
}

/** What something that writes each line of an app for it put before it: time, source, level. */
export function linePrefix(text: string): LinePrefix {
  prefix.lastIndex = 0;
  const match = prefix.exec(text);
  const length = match?.[0].length ?? 0;
  const hasTime = length > (match?.[1]?.length ?? 0) + (match?.[2]?.length ?? 0) + 2;
  return { length, kind: `${hasTime} ${match?.[1]?.trimEnd() ?? ''} ${match?.[2] ?? ''}` };
}
