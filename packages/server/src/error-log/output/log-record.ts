const beginning = new RegExp(
  [
    String.raw`\[?\d{4}[-/]\d\d[-/]\d\d[T ]`,
    String.raw`\[?\d\d:\d\d:\d\d`,
    String.raw`\[\d\d?[-/][A-Z][a-z]{2}[-/]\d{4}`,
    String.raw`[A-Z][a-z]{2} [ \d]\d(?:,| \d\d:\d\d:\d\d)`,
    String.raw`[[<(]?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE)(?:[\]>):|]|\s|$)`,
    '(?:trace|trce|debug|dbug|info|notice|warn|warning|error|fail|crit): ',
    '(?:time|ts|level|msg)=',
    String.raw`[DIWEFA], \[`,
    String.raw`\{"`,
    String.raw`\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}[: ]`,
    String.raw`(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \/`,
    String.raw`\(node:\d+\) `,
  ]
    .map((form) => `(?:${form})`)
    .join('|'),
  'y',
);

/** Whether a line begins as loggers begin their records: it goes on with nothing before it. */
export function isLogRecord(text: string): boolean {
  beginning.lastIndex = 0;
  return beginning.test(text);
}
