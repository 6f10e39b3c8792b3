import { inspect } from 'node:util';

/** Takes the values of secrets out of what is shown. */
export interface Redactor {
  /** For how many bytes before and after a piece what belongs to it has to be looked at. */
  readonly reach: number;
  text(text: string): string;
  /**
   * The text of `bytes` from `from` to `to`. Of a secret that only begins or ends in there that part
   * is taken out too, if all of it is in `bytes`.
   */
  piece(bytes: Buffer, from: number, to: number): string;
}

/** Shorter ones are words and numbers that are everywhere, and no secrets. */
const shortest = 6;
const placeholder = '[redacted]';

/**
 * Finds values also as they are written in JSON, URLs and base64, and the lines of those that have
 * several. What is shorter than 6 characters is left, and so is what merely touches a placeholder.
 */
export function createRedactor(values: Iterable<string>): Redactor {
  const patterns = patternsOf(values);
  const reach = patterns.reduce((most, { length }) => Math.max(most, length), 0);

  function piece(bytes: Buffer, from: number, to: number): string {
    let shown = '';
    let end = from;
    for (const span of merge(spansOf(patterns, bytes))) {
      if (span.end <= from || span.start >= to) continue;
      shown += bytes.toString('utf8', end, Math.max(end, span.start)) + placeholder;
      end = Math.min(span.end, to);
    }
    return shown + bytes.toString('utf8', end, to);
  }

  return {
    reach,
    piece,
    text(text) {
      const bytes = Buffer.from(text);
      return patterns.length === 0 ? text : piece(bytes, 0, bytes.length);
    },
  };
}

interface Span {
  start: number;
  end: number;
}

function spansOf(patterns: Buffer[], bytes: Buffer): Span[] {
  return patterns.flatMap((pattern) => {
    const spans: Span[] = [];
    let at = bytes.indexOf(pattern);
    while (at >= 0) {
      spans.push({ start: at, end: at + pattern.length });
      at = bytes.indexOf(pattern, at + pattern.length);
    }
    const begun = startOfBegun(pattern, bytes);
    return begun === undefined ? spans : [...spans, { start: begun, end: bytes.length }];
  });
}

/** Where one begins whose rest is not written yet. */
function startOfBegun(pattern: Buffer, bytes: Buffer): number | undefined {
  const head = pattern.subarray(0, shortest);
  let at = bytes.indexOf(head, Math.max(0, bytes.length - pattern.length + 1));
  while (at >= 0) {
    if (pattern.subarray(0, bytes.length - at).equals(bytes.subarray(at))) return at;
    at = bytes.indexOf(head, at + 1);
  }
  return undefined;
}

function merge(spans: Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else merged.push({ ...span });
  }
  return merged;
}

function patternsOf(values: Iterable<string>): Buffer[] {
  const found = new Set<string>();
  for (const value of values) {
    const whole = value.toWellFormed();
    // A value that was read from a file often ends with a newline, which the app takes off.
    for (const text of new Set([whole, whole.trim()])) {
      if (text.length >= shortest) for (const spelling of spellings(text)) found.add(spelling);
    }
    for (const line of whole.split(/[\r\n]+/)) {
      const text = line.trim();
      if (text.length >= shortest) found.add(text).add(inJson(text));
    }
  }
  return [...found].map((text) => Buffer.from(text));
}

function spellings(value: string): string[] {
  const json = inJson(value);
  return [
    value,
    json,
    json.replaceAll('/', '\\/'),
    json.replace(/[^ -~]/g, unicodeEscape),
    inJson(json),
    inspect(value, { maxStringLength: null, breakLength: Infinity }).slice(1, -1),
    ...inUrls(value),
    ...inBase64(Buffer.from(value)),
  ];
}

function inJson(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function inUrls(value: string): string[] {
  const component = encodeURIComponent(value);
  const strict = component.replace(/[!'()*]/g, percentEscape);
  const url = new URL('http://localhost');
  url.password = value;
  const form = new URLSearchParams([['', value]]).toString().slice(1);
  const all = [
    ...[component, strict, strict.replaceAll('%2F', '/')],
    ...[url.password, form, encodeURI(value)],
  ];
  return [...all, ...all.map((text) => text.replace(/%[\dA-F]{2}/g, (hex) => hex.toLowerCase()))];
}

function percentEscape(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/**
 * Alone, and as a part of something longer, such as `user:password`: three bytes become four
 * characters, so that there are three ways to be cut, of which the first and last characters are
 * not only the value's.
 */
function inBase64(bytes: Buffer): string[] {
  const inside = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const end = Math.floor(((offset + bytes.length) * 8) / 6);
    return text.slice(Math.ceil((offset * 8) / 6), end);
  });
  const all = [bytes.toString('base64'), ...inside];
  return [...all, ...all.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))];
}
