// What is in the first or second line of each block that a language opens: a pair of lines without
// any is not looked at. Letters are as printed, so that nothing has to be decoded first.
const forms = [
  '(?:Err|Except|Reject)(?:or|ion)',
  '(?: {2}|\\t)(?:at |File ")',
  'Traceback \\(',
  'Task exception was',
  '(?:panic|goroutine)',
  '(?:atal|FATAL|arse) (?:error|ERROR): ',
  '[Ss]tack ?trace[:\\]]',
  ":in [`']",
  '(?:fail|crit): ',
  'terminated with exc',
  'overflowed its stack',
  '```',
  ':\\d{1,9}\\r?\\n',
];

/** A new one for each who searches: it remembers where it is. */
export function triggerPattern(): RegExp {
  return new RegExp(forms.join('|'), 'g');
}
