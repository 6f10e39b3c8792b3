import { parseBracket } from './bracket.ts';

// Beside bytes, which stand for themselves.
const anyByte = -1;
const star = -2;
const foldersOrNone = -3;
const folders = -4;
const everything = -5;
const firstSet = -6;

const slash = 47;

export interface Glob {
  /** Bytes, or one of the above; `firstSet - n` is the set of bytes number n. */
  readonly steps: Int16Array;
  /** 32 bytes for each set: one bit for each byte. */
  readonly sets: Uint8Array;
}

/**
 * A pattern of gitignore(5) without its sign and slashes at the ends, as git's wildmatch with
 * WM_PATHNAME reads it. Patterns and paths are strings of bytes (latin1), since git's `?` is one
 * byte. `undefined`: it can never match, such as one with a bracket that is not closed.
 */
export function compileGlob(pattern: string, ignoreCase: boolean): Glob | undefined {
  const steps: number[] = [];
  const sets: number[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === '?') {
      steps.push(anyByte);
    } else if (char === '*') {
      const start = at;
      while (pattern[at + 1] === '*') at++;
      const isWhole = at > start && (start === 0 || pattern[start - 1] === '/');
      const next = pattern[at + 1];
      if (isWhole && next === undefined) {
        steps.push(everything);
      } else if (isWhole && next === '/') {
        steps.push(foldersOrNone);
        at += 1;
      } else if (isWhole && next === '\\' && pattern[at + 2] === '/') {
        steps.push(folders);
        at += 2;
      } else {
        steps.push(star);
      }
    } else if (char === '[') {
      const bracket = parseBracket(pattern, at, ignoreCase);
      if (!bracket) return undefined;
      steps.push(firstSet - sets.length / 32);
      sets.push(...bracket.bits);
      at = bracket.end;
    } else if (char === '\\') {
      at += 1;
      if (at === pattern.length) return undefined;
      steps.push(pattern.charCodeAt(at));
    } else {
      const byte = pattern.charCodeAt(at);
      steps.push(ignoreCase ? lowerByte(byte) : byte);
    }
  }
  return { steps: Int16Array.from(steps), sets: Uint8Array.from(sets) };
}

/**
 * Whether the glob matches all of `text` from `from` on. It goes back to the last star, and where
 * that has reached a slash to the last `**` only: what was matched before them cannot be matched in
 * a better way. So it takes time in proportion to the lengths and the depth of the path, never
 * exponential. `onRetry` is called at each step that a `**` takes further, and may throw to end it.
 */
export function matchesGlob(
  { steps, sets }: Glob,
  text: string,
  from: number,
  onRetry: () => void,
): boolean {
  let step = 0;
  let at = from;
  let starStep = -1;
  let starAt = 0;
  let foldersStep = -1;
  let foldersAt = 0;
  for (;;) {
    if (step < steps.length) {
      const wanted = steps[step] as number;
      if (wanted === everything) return true;
      if (wanted === star) {
        step += 1;
        starStep = step;
        starAt = at;
        continue;
      }
      if (wanted === foldersOrNone || wanted === folders) {
        step += 1;
        starStep = -1;
        foldersStep = step;
        foldersAt = at;
        if (wanted === foldersOrNone) continue;
      } else if (at < text.length && isByte(wanted, text.charCodeAt(at), sets)) {
        step += 1;
        at += 1;
        continue;
      }
    } else if (at === text.length) {
      return true;
    }
    if (starStep >= 0 && starAt < text.length && text.charCodeAt(starAt) !== slash) {
      starAt += 1;
      at = starAt;
      step = starStep;
      continue;
    }
    if (foldersStep < 0) return false;
    onRetry();
    const end = text.indexOf('/', foldersAt);
    if (end < 0) return false;
    foldersAt = end + 1;
    at = foldersAt;
    step = foldersStep;
    starStep = -1;
  }
}

function isByte(wanted: number, byte: number, sets: Uint8Array): boolean {
  if (wanted >= 0) return wanted === byte;
  if (byte === slash) return false;
  if (wanted === anyByte) return true;
  const set = firstSet - wanted;
  return ((sets[set * 32 + (byte >> 3)] as number) & (1 << (byte & 7))) !== 0;
}

/** How many bytes at the start stand for themselves. */
export function literalLength(pattern: string): number {
  const special = pattern.search(/[*?[\\]/);
  return special < 0 ? pattern.length : special;
}

/** Small letters for the capital ones of ASCII, as git compares; other bytes stay. */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function lowerByte(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}
