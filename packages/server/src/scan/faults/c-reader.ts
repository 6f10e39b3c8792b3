import type { Token } from './c-tokens.ts';
import type { WordUses } from './c-word-uses.ts';
import type { FaultAt } from './fault.ts';

/** Reads the tokens of one branch of a text, and keeps what does not fit. */
export interface CReader {
  readonly uses: WordUses;
  readonly isCpp: boolean;
  /** The token at a distance from where the reader is; past the end an empty one. */
  peek(distance?: number): Token;
  is(text: string, distance?: number): boolean;
  next(): Token;
  /** Consumes the token if it is this one. */
  take(text: string): boolean;
  readonly at: number;
  moveTo(at: number): void;
  /** Says that a statement begins here. */
  begin(): void;
  /** The token that closes the bracket at `at`; `undefined`: none does. */
  partnerOf(at: number): number | undefined;
  /** How many brackets are open before a token. */
  depthAt(at: number): number;
  /** @throws always: what fits nowhere, however its macros are defined. */
  refuse(token: Token, message?: string): never;
  /** Something is missing before the token, on the line of what comes before. @throws always */
  miss(sign: string): never;
  /** @throws always: what only a macro could make right. */
  doubt(): never;
  /** Whether what was thrown is certain to be a fault. @throws what is another's */
  isCertain(error: unknown): boolean;
  /** Keeps what was thrown. @throws what is another's */
  note(error: unknown): void;
  readonly faults: readonly FaultAt[];
  /** Where something was found doubtful, in order. */
  readonly doubts: readonly FaultAt[];
}

const end: Token = { kind: 'sign', text: '', offset: 0, isApart: false };
const closers: Record<string, string> = { '(': ')', '[': ']', '{': '}' };
const mostFaults = 20;
/** How many tokens back a directive makes what follows doubtful. */
const farBack = 16;
const longestGroup = 200;

export function createCReader(
  tokens: readonly Token[],
  { partners, depths }: Brackets,
  uses: WordUses,
  isCpp: boolean,
): CReader {
  const faults: FaultAt[] = [];
  const doubts: FaultAt[] = [];
  // One for all: it is thrown to leave a statement, and making one takes long.
  const misfit = new Error('It is not understood.');
  let found: { fault: FaultAt; isCertain: boolean } | undefined;
  let at = 0;
  let start = 0;
  const last = tokens.at(-1);
  const past = { ...end, offset: last ? last.offset + last.text.length : 0 };
  const peek = (distance = 0): Token => tokens[at + distance] ?? past;

  function leave(fault: FaultAt, token: Token): never {
    const isCertain = !token.isApart && !isAfterDirective() && faults.length < mostFaults;
    found = { fault, isCertain };
    throw misfit;
  }

  /** Whether a directive is in the midst of the statement: which tokens were before it is unknown. */
  function isAfterDirective(): boolean {
    for (let index = Math.max(start + 1, at - farBack); index <= at; index++) {
      if (tokens[index]?.isApart) return true;
    }
    return false;
  }

  return {
    uses,
    isCpp,
    peek,
    is: (text, distance = 0) => peek(distance).text === text && peek(distance).kind !== 'string',
    next() {
      const token = peek();
      at += 1;
      return token;
    },
    take(text) {
      if (peek().text !== text || peek().kind === 'string') return false;
      at += 1;
      return true;
    },
    get at() {
      return at;
    },
    moveTo(wanted) {
      at = wanted;
    },
    begin() {
      start = at;
    },
    partnerOf: (index) => partners[index],
    depthAt: (index) => depths[index] ?? 0,
    refuse(token, message) {
      const before = tokens[tokens.indexOf(token, Math.max(0, at - 3)) - 1];
      const after = before ? ` after \`${before.text}\`` : '';
      const what = token.text === '' ? 'Unexpected end of file' : `Unexpected \`${token.text}\``;
      return leave({ offset: token.offset, message: message ?? what + after }, token);
    },
    miss(sign) {
      const before = peek(-1);
      const token = peek();
      const what = token.text === '' ? 'the end of the file' : `\`${token.text}\``;
      const offset = before.offset + before.text.length;
      return leave({ offset, message: `Missing \`${sign}\` before ${what}` }, token);
    },
    doubt() {
      const token = peek();
      const fault = { offset: token.offset, message: `Unexpected \`${token.text}\`` };
      found = { fault, isCertain: false };
      throw misfit;
    },
    isCertain(error) {
      if (error !== misfit || !found) throw error;
      return found.isCertain;
    },
    note(error) {
      if (error !== misfit || !found) throw error;
      (found.isCertain ? faults : doubts).push(found.fault);
    },
    faults,
    doubts,
  };
}

export interface Brackets {
  /** For each opening bracket that is closed, the index of the closing one. */
  partners: readonly (number | undefined)[];
  /** For each token how many brackets are open before it. */
  depths: readonly number[];
}

export function matchBrackets(tokens: readonly Token[]): Brackets {
  const partners: (number | undefined)[] = [];
  const depths: number[] = [];
  const open: number[] = [];
  const lone = findLoneBraces(tokens);
  for (const [index, token] of tokens.entries()) {
    const { kind, text } = token;
    const isBracket = kind === 'sign' && !lone.has(index);
    if (isBracket && (text === ')' || text === ']' || text === '}')) {
      const opener = open.at(-1);
      if (opener !== undefined && closers[tokens[opener]?.text ?? ''] === text) {
        partners[opener] = index;
        open.pop();
      }
      depths.push(open.length);
      continue;
    }
    depths.push(open.length);
    if (isBracket && closers[text]) open.push(index);
  }
  return { partners, depths };
}

/**
 * The braces that macros are given without their partner, as in `LINE(if (a) {)`, by their index.
 * Only where it is done more than once: a single one is a mistake.
 */
export function findLoneBraces(tokens: readonly Token[]): ReadonlySet<number> {
  const found = new Set<number>();
  let groups = 0;
  for (let index = 1; index < tokens.length; index++) {
    if (tokens[index]?.text !== '(' || !isCapital(tokens[index - 1])) continue;
    const braces: number[] = [];
    let depth = 0;
    let sum = 0;
    let isEven = true;
    for (let at = index; at < Math.min(tokens.length, index + longestGroup); at++) {
      const text = tokens[at]?.text;
      if (text === '(') depth += 1;
      if (text === ')') depth -= 1;
      if (text === '{' || text === '}') {
        braces.push(at);
        sum += text === '{' ? 1 : -1;
        isEven &&= sum >= 0;
      }
      if (depth > 0) continue;
      if (sum !== 0 || !isEven) {
        groups += 1;
        for (const brace of braces) found.add(brace);
      }
      break;
    }
  }
  return groups > 1 ? found : new Set();
}

function isCapital(token: Token | undefined): boolean {
  return token?.kind === 'word' && /^[A-Z][A-Z0-9_]*$/.test(token.text);
}
