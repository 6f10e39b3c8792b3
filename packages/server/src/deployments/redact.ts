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
  /** The same of several pieces, which costs no more than one. They are in order. */
  pieces(bytes: Buffer, ranges: readonly Range[]): string[];
}

export interface Range {
  from: number;
  to: number;
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
  const findAll = createPatternFinder(patterns);

  function pieces(bytes: Buffer, ranges: readonly Range[]): string[] {
    const spans = merge([...findAll(bytes), ...begunAtEnd(patterns, bytes)]);
    let first = 0;
    return ranges.map(({ from, to }) => {
      while ((spans[first]?.end ?? to) <= from && first < spans.length) first += 1;
      let shown = '';
      let end = from;
      for (let at = first; (spans[at]?.start ?? to) < to; at += 1) {
        const span = spans[at];
        if (!span) break;
        shown += bytes.toString('utf8', end, Math.max(end, span.start)) + placeholder;
        end = Math.min(span.end, to);
      }
      return shown + bytes.toString('utf8', end, to);
    });
  }

  function piece(bytes: Buffer, from: number, to: number): string {
    return pieces(bytes, [{ from, to }]).join('');
  }

  return {
    reach,
    pieces,
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

/**
 * Finds all patterns in one go: a log is long, and there may be thousands, as each secret has dozens
 * of spellings.
 */
function createPatternFinder(patterns: Buffer[]): (bytes: Buffer) => Span[] {
  // By the first two bytes, which few places have, and then by the first four.
  const begins = new Uint8Array(65_536);
  const byHead = new Map<number, Buffer[]>();
  for (const pattern of patterns) {
    begins[pattern.readUInt16LE(0)] = 1;
    const head = pattern.readUInt32LE(0);
    byHead.set(head, [...(byHead.get(head) ?? []), pattern]);
  }

  return (bytes) => {
    const spans: Span[] = [];
    if (patterns.length === 0) return spans;
    for (let at = 0; at <= bytes.length - shortest; at += 1) {
      if (!begins[(bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)]) continue;
      for (const pattern of byHead.get(bytes.readUInt32LE(at)) ?? []) {
        const end = at + pattern.length;
        if (end > bytes.length || pattern.compare(bytes, at, end) !== 0) continue;
        spans.push({ start: at, end });
      }
    }
    return spans;
  };
}

function begunAtEnd(patterns: Buffer[], bytes: Buffer): Span[] {
  return patterns.flatMap((pattern) => {
    const start = startOfBegun(pattern, bytes);
    return start === undefined ? [] : [{ start, end: bytes.length }];
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
