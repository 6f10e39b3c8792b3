const longestInput = 1000;
const longestMessage = 300;

/**
 * What is replaced; at one place the first that fits. All counts are bounded, so that no text takes
 * longer than its length allows. A status code is kept: a 404 and a 500 are different errors.
 */
const patterns = {
  kept: /\b(?:status(?: code)?|HTTP)[ :=]{1,3}[1-5]\d\d\b/,
  url: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>()]{1,500}/,
  email: /(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/,
  uuid: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/,
  jwt: /\beyJ[\w-]{5,400}(?:\.[\w-]{1,400}){1,4}/,
  // Long, and of letters and digits.
  token:
    /(?<![\w+/=-])(?=[A-Za-z_+-]{0,200}\d)(?=[\d_+-]{0,200}[A-Za-z])(?:[\w+-]{20,400}|[A-Za-z0-9+/]{40,400})={0,2}(?![\w/])/,
  date: /\b(?:[A-Za-z]{3},? )?(?:\d{4}[-/]\d\d[-/]\d\d|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{1,2} [A-Z][a-z]{2} \d{4}|[A-Z][a-z]{2} \d{1,2},? \d{4})(?:[T ,]{1,2}\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?(?: ?(?:Z|GMT|UTC|[+-]\d\d:?\d\d))?/,
  time: /\b\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?\b/,
  ip4: /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?![\w.]\d)/,
  ip6: /(?<![\w:])\[?(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}|::(?:ffff:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{1,4}))(?![\w:])(?:\](?::\d{1,5})?)?/,
  string: /"(?:[^"\\]|\\.){0,400}"|(?<!\w)'(?:[^'\\]|\\.){0,400}'(?!\w)|`[^`]{0,400}`/,
  path: /(?<![\w./\\])(?:[A-Z]:)?(?:[\\/][\w.@~+-]{1,100}){2,20}/,
  hex: /\b0x[0-9a-f]{1,64}\b|\b(?=[a-f]{0,64}\d)(?=\d{0,64}[a-f])[0-9a-f]{8,64}\b/,
  duration:
    /(?<![\w.])\d{1,20}(?:\.\d{1,20})?\s?(?:ns|µs|us|ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)\b/,
  number: /[-+]?\d{1,40}(?:[.,]\d{1,40}){0,20}(?:e[-+]?\d{1,4}\b)?/,
};

type Kind = keyof typeof patterns;

const kinds = Object.keys(patterns) as Kind[];
const variable = new RegExp(
  kinds.map((kind) => `(?<${kind}>${patterns[kind].source})`).join('|'),
  'gi',
);

/**
 * The message without what differs from one time to the next, on one line of at most 300
 * characters. Only the first 1,000 characters are looked at.
 */
export function normalizeMessage(message: string): string {
  const line = message
    .slice(0, longestInput)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return line
    .replace(variable, (...found) => placeholder(found[0], found.at(-1)))
    .slice(0, longestMessage)
    .toWellFormed();
}

function placeholder(text: string, groups: Partial<Record<Kind, string>>): string {
  const kind = kinds.find((name) => groups[name] !== undefined) ?? 'string';
  switch (kind) {
    case 'kept':
      return text;
    case 'url':
      return withoutPath(text);
    case 'path':
      return text.replace(/[^\\/]*\d[^\\/.]*/g, stableSegment);
    case 'jwt':
      return '<token>';
    case 'ip4':
    case 'ip6':
      return '<ip>';
    default:
      return `<${kind}>`;
  }
}

/** The host says what was not reached; what comes before and after it is of this one request. */
function withoutPath(url: string): string {
  const [, scheme = '', host = ''] = /^([^:]*):\/\/(?:[^/@]*@)?([^/:?#]*)/.exec(url) ?? [];
  const stable = /^[\d.]+$/.test(host) ? '<ip>' : host.replace(/\d+/g, '<number>');
  return `${scheme}://${stable}/<path>`;
}

function stableSegment(segment: string): string {
  return /^v\d{1,2}$/.test(segment) ? segment : '<id>';
}
