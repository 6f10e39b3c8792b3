import { openHeredoc, scanHeredocs } from './heredoc.ts';
import { type Lexicon, LINE_END, PLAIN, SPACE, type Token } from './lexicon.ts';
import { skipRegex } from './regex-literal.ts';
import { scanBlockComment, scanLineComment, scanLongBracket, scanRest } from './scan-comment.ts';
import { scanEmbeddedTag } from './scan-embedded-tag.ts';
import {
  CODE,
  COMMENT,
  endLine,
  isSpace,
  matchesAnyCaseAt,
  matchesAt,
  type ScanState,
} from './scan-state.ts';
import { scanString, scanTemplateText, skipCharacter } from './scan-string.ts';

const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
/** Deeper templates inside templates are read as one; only made-up files have them. */
const MAX_TEMPLATES = 1_000;

/**
 * Reads code from `scan.position` on, to the end of the file or, for a language inside another one,
 * behind what leaves it.
 */
export function scanCode(scan: ScanState, lexicon: Lexicon): void {
  const { bytes, end } = scan;
  const { kinds } = lexicon;
  // Braces that are open in each `${…}`, the innermost last.
  const templates: number[] = [];
  let at = scan.position;
  while (at < end) {
    const kind = kinds[bytes[at] as number] as number;
    if (kind === PLAIN) {
      scan.seen |= CODE;
      at += 1;
      while (at < end && (kinds[bytes[at] as number] as number) <= SPACE) at += 1;
    } else if (kind === SPACE) {
      at += 1;
    } else if (kind === LINE_END) {
      endLine(scan, at);
      at += 1;
      if (scan.heredocs.length > 0) {
        scan.position = at;
        scanHeredocs(scan);
        at = scan.position;
      }
    } else {
      scan.position = at;
      if (readSign(scan, lexicon, templates)) return;
      at = scan.position;
    }
  }
  scan.position = at;
}

/** Reads the sign at `scan.position`; true if it leaves the language. */
function readSign(scan: ScanState, lexicon: Lexicon, templates: number[]): boolean {
  const byte = scan.bytes[scan.position] as number;
  if (lexicon.templates && (byte === OPEN_BRACE || byte === CLOSE_BRACE)) {
    readBrace(scan, byte, templates);
    return false;
  }
  const candidates = lexicon.tokens[byte] as readonly Token[];
  for (let index = 0; index < candidates.length; index += 1) {
    const token = candidates[index] as Token;
    if (fits(scan, token) && readToken(scan, lexicon, token, templates)) {
      return token.kind === 'leave';
    }
  }
  scan.seen |= CODE;
  scan.position += 1;
  return false;
}

function fits(scan: ScanState, token: Token): boolean {
  const { bytes, position } = scan;
  if (token.at === 'first-column' && position !== scan.lineStart) return false;
  if (token.at === 'first-on-line' && scan.seen & CODE) return false;
  if (token.open.length > 1) {
    const matches = token.anyCase ? matchesAnyCaseAt : matchesAt;
    if (!matches(bytes, position, token.open)) return false;
  }
  const next = bytes[position + token.open.length];
  if (token.word && next !== undefined && !isSpace(next)) return false;
  if (token.beforeLetter && !isLetter(next)) return false;
  return next === undefined || !token.unlessBefore.includes(next);
}

/** Reads what the token begins; false if it is nothing of the kind after all. */
function readToken(scan: ScanState, lexicon: Lexicon, token: Token, templates: number[]): boolean {
  switch (token.kind) {
    case 'leave':
    case 'plain':
      scan.seen |= CODE;
      scan.position += token.open.length;
      return true;
    case 'line-comment':
      scanLineComment(scan, lexicon);
      return true;
    case 'block-comment':
      scanBlockComment(scan, token);
      return true;
    case 'string':
      scanString(scan, token);
      return true;
    case 'character':
      return skipCharacter(scan);
    case 'regex':
      return skipRegex(scan);
    case 'template':
      scan.seen |= CODE;
      scan.position += 1;
      readTemplateText(scan, templates);
      return true;
    case 'heredoc':
      return openHeredoc(scan, token);
    case 'long-bracket':
      return scanLongBracket(scan, token.open.length > 1 ? COMMENT : CODE, token.open.length - 1);
    case 'end-mark':
      scanRest(scan);
      return true;
    case 'embedded':
      scan.seen |= CODE;
      scan.position += token.open.length;
      if (token.tag && !scanEmbeddedTag(scan)) return true;
      if (token.inner) scanCode(scan, token.inner);
      return true;
  }
}

function readBrace(scan: ScanState, byte: number, templates: number[]): void {
  const last = templates.length - 1;
  scan.seen |= CODE;
  scan.position += 1;
  if (last < 0) return;
  if (byte === OPEN_BRACE) {
    templates[last] = (templates[last] ?? 0) + 1;
  } else if (templates[last] === 0) {
    templates.pop();
    readTemplateText(scan, templates);
  } else {
    templates[last] = (templates[last] ?? 0) - 1;
  }
}

function readTemplateText(scan: ScanState, templates: number[]): void {
  const found = scanTemplateText(scan, templates.length < MAX_TEMPLATES);
  if (found === 'hole') templates.push(0);
}

function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90));
}
