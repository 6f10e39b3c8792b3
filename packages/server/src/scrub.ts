type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const placeholder = '[redacted]';
const mostDepth = 10;
const mostEntries = 200;
const mostNodes = 10_000;

/**
 * Takes what looks like a secret out of anything that was sent: the values of keys with telling
 * names, and in texts what `scrubText` finds. What is deeper than 10 levels, or more than 200
 * entries of an object or list, is left out, as it could not be looked through.
 */
export function scrub<T>(value: T): T {
  return scrubValue(value as Json, 1, { nodes: mostNodes }) as T;
}

/** Of a text: known forms of tokens and keys, passwords in URLs and `password=…`. */
export function scrubText(text: string): string {
  if (text.length < 8) return text;
  let shown = text;
  if (shown.includes('PRIVATE KEY')) shown = shown.replace(privateKey, placeholder);
  if (shown.includes('eyJ')) shown = shown.replace(jsonWebToken, placeholder);
  if (shown.includes('://')) {
    shown = shown.replace(urlPassword, `$1:${placeholder}@`).replace(urlKey, `$1${placeholder}@`);
  }
  if (shown.includes('--')) shown = shown.replace(secretOption, `$1${placeholder}`);
  return shown
    .replace(knownToken, placeholder)
    .replace(secretHeader, hideHeader)
    .replace(credential, hideCredential)
    .replace(assignment, hideAssigned);
}

function scrubValue(value: Json, depth: number, budget: { nodes: number }): Json {
  budget.nodes -= 1;
  if (typeof value === 'string') return scrubText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > mostDepth || budget.nodes <= 0) return '[left out]';
  if (Array.isArray(value)) return scrubList(value, depth, budget);
  const entries: [string, Json][] = [];
  // `{"name": "Authorization", "value": "…"}`, as lists of headers and variables are written.
  const namesSecret = hasSecretName(value);
  for (const key in value) {
    if (entries.length === mostEntries) break;
    const entry = value[key] ?? null;
    const isSecret = (namesSecret && key === 'value') || isSecretKey(key);
    entries.push([scrubText(key), isSecret ? hidden(entry) : scrubValue(entry, depth + 1, budget)]);
  }
  return Object.fromEntries(entries);
}

function scrubList(list: Json[], depth: number, budget: { nodes: number }): Json {
  const isPair = list.length === 2 && typeof list[0] === 'string' && isSecretKey(list[0]);
  return list.slice(0, mostEntries).map((entry, at) => {
    const isNamed = (isPair && at === 1) || isSecretOption(list[at - 1]);
    return isNamed && typeof entry === 'string'
      ? placeholder
      : scrubValue(entry, depth + 1, budget);
  });
}

/** `--password`, whose value is the next of the arguments. */
function isSecretOption(argument: Json | undefined): boolean {
  return typeof argument === 'string' && /^--[\w-]+$/.test(argument) && isSecretKey(argument);
}

function hasSecretName({ name, key }: { [key: string]: Json }): boolean {
  return (
    (typeof name === 'string' && isSecretKey(name)) || (typeof key === 'string' && isSecretKey(key))
  );
}

/** Whether there is something says nothing of it. */
function hidden(value: Json): Json {
  return value === null || typeof value === 'boolean' || value === '' ? value : placeholder;
}

// Without one of these in it a key needs no closer look.
const perhapsSecret =
  /pass|pwd|secret|token|key|auth|cookie|sess|[cx]srf|cred|dsn|jwt|cv[vc]|ssn|card|sid/i;
const secretAnywhere =
  /passw(?:or)?d|passphrase|passcode|secret(?!ar)|api_?key|private_?key|access_?key|signing_?key|encryption_?key|master_?key|credential|authorization|cookie|csrf|xsrf|credit_?card|card_?number|session_?(?:id|key)|sess_?id|connect_sid/;
const secretWord =
  /(?:^|_)(?:token|auth|dsn|jwt|cvv|cvc|ssn|pwd|pass)$|(?:^|_)token_|^(?:x_)?session$/;
/** What only describes a secret, as `token_type` and `password_error`. */
const describes =
  /_(?:types?|counts?|length|size|limit|used|usage|urls?|uri|names?|expir\w*|policy|fields?|errors?|required|enabled|valid|invalid|version|algorithm|age|at|in|url|path|file)$/;

function isSecretKey(key: string): boolean {
  if (key.length > 100 || !perhapsSecret.test(key)) return false;
  const words = wordsOf(key);
  return (secretAnywhere.test(words) || secretWord.test(words)) && !describes.test(words);
}

/** `X-Api-Key`, `apiKey` and `API_KEY` become the same. */
function wordsOf(key: string): string {
  return key
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z\d]+/g, '_')
    .toLowerCase();
}

function hideHeader(whole: string, name: string, separator: string, value: string): string {
  const isSecret = /cookie/i.test(name)
    ? value.includes('=')
    : /^(?:bearer|basic|digest|token|negotiate|sentry|aws4\S*)\s+\S/i.test(value) ||
      isRandom(value);
  return isSecret ? `${name}${separator}${placeholder}` : whole;
}

function hideCredential(whole: string, scheme: string, value: string): string {
  return isRandom(value) ? `${scheme} ${placeholder}` : whole;
}

/** `password=…` and the like, but neither prose nor code: `Unexpected token: x`, `token = read()`. */
function hideAssigned(
  whole: string,
  name: string,
  rest: string,
  separator: string,
  value: string,
  offset: number,
  text: string,
): string {
  if (describes.test(wordsOf(name + rest)) || /^secretar/i.test(name + rest)) return whole;
  // `max_tokens=512`
  if (/^s$/i.test(rest) && /^[\d.]+$/.test(value)) return whole;
  const quote = /^\\?["']/.exec(value)?.[0];
  const isSecret = quote
    ? isSecretQuotation(name, separator, value.slice(quote.length))
    : isSecretWord(name, separator, value, text[offset + whole.length] ?? '\n');
  return isSecret ? `${name}${rest}${separator}${quote ?? ''}${placeholder}` : whole;
}

function isSecretQuotation(name: string, separator: string, content: string): boolean {
  if (isPassword.test(name) || /["'=]/.test(separator)) return true;
  return content.length >= 8 && !content.includes(' ');
}

function isSecretWord(name: string, separator: string, value: string, next: string): boolean {
  if (/^(?:none|null|nil|undefined|true|false|string|str|any|bytes|\d|=.*|\/.*)$/i.test(value)) {
    return false;
  }
  if ('([{'.includes(next)) return false;
  if (separator === '=') return true;
  if (!isPassword.test(name)) return value.length >= 12 && isRandom(value);
  return isRandom(value) || ',;\r\n'.includes(next);
}

const isPassword = /^(?:pass|pwd)/i;

/** Words have neither digits nor capital letters inside, and are shorter. */
function isRandom(text: string): boolean {
  return /\d|[a-z][A-Z]|[+/]/.test(text) || (text.length >= 20 && !text.includes(' '));
}

// Each has one way to match and a bound, or a start that only one place of a run can have, so that
// none takes longer than the text is long. Ends are open: a text may have been cut in a token.
const privateKey =
  /-----BEGIN [A-Z\d ]{0,30}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z\d ]{0,30}PRIVATE KEY(?: BLOCK)?-----|$)/g;
const jsonWebToken = /(?<![\w-])eyJ[\w-]{8,4000}\.[\w-]{4,8000}(?:\.[\w-]{0,2000})?/g;
const tokenForms = [
  'gh[pousr]_[A-Za-z\\d]{16,255}',
  'github_pat_\\w{20,255}',
  'glpat-[\\w.-]{16,300}',
  'npm_[A-Za-z\\d]{30,40}',
  'xox[abeoprs]-[\\w-]{10,300}',
  '[sr]k_(?:live|test)_\\w{10,250}',
  'sk-(?:ant|proj|svcacct|admin|or)-[\\w-]{16,300}',
  'sk-(?=[A-Za-z]{0,30}\\d)[A-Za-z\\d]{20,100}',
  'AIza[\\w-]{30,40}',
  'A[KS]IA[A-Z\\d]{16}(?![A-Z\\d])',
  'GOCSPX-[\\w-]{20,40}',
  'SG\\.[\\w-]{16,30}\\.[\\w-]{16,60}',
  'hf_[A-Za-z]{30,40}',
  'pypi-AgEI[\\w-]{16,300}',
  'dop_v1_[\\da-f]{32,64}',
  'dckr_pat_[\\w-]{20,40}',
  'shp(?:at|ca|pa|ss)_[\\da-fA-F]{32}',
  'AGE-SECRET-KEY-1[A-Z\\d]{40,60}',
  '(?:borg|whsec)_[\\w+/=]{16,200}',
];
const knownToken = new RegExp(`(?<![\\w-])(?:${tokenForms.join('|')})`, 'g');
/** `scheme://user:password@`: the user stays. */
const urlPassword = /(:\/\/[^\s:@/?#'"<>\\]{0,100}):[^\s/?#'"<>\\]{1,300}@(?=[\w[])/g;
/** `scheme://key@`, as of a DSN. */
const urlKey = /(:\/\/)[\w-]{20,300}@(?=[\w[])/g;
/** To the end of its line or quotation, whatever the scheme. */
const secretHeader =
  /((?:set-)?cookie|authorization|x-api-key|x-auth-token)(\\?["']?\s{0,3}[:=]\s{0,3}\\?["']?)([^\s"'\\[][^\r\n"'\\]{0,4000})/gi;
const secretOption =
  /(--(?:\w{1,20}-){0,3}(?:password|passwd|passphrase|secret|token|api-?key)\s{1,3})(?![\s-])\S{1,500}/gi;
const credential = /(?<![\w-])(bearer|basic)\s{1,3}([\w.~+/-]{8,4000}={0,2})(?!["'\w])/gi;
const assignment =
  /(passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|session[_-]?id|sessid|credentials?|[cx]srf)([\w-]{0,30})(\\?["']?\s{0,3}(?:=>|[:=])\s{0,3})("(?:[^"\\\n]|\\.){1,2000}|'(?:[^'\\\n]|\\.){1,2000}|\\["'](?:[^"'\\\n]|\\[^"'\n]){1,2000}|[^\s&;,'"`()[\]{}<>\\]{1,2000})/gi;
