import type { HeredocStyle, Place, RawString, Syntax } from './language.ts';

/** What a byte can be where code is expected. Up to SPACE, a line with code is skipped over fast. */
export const PLAIN = 0;
export const SPACE = 1;
export const LINE_END = 2;
const SIGN = 3;

export type TokenKind =
  | 'leave'
  | 'plain'
  | 'line-comment'
  | 'block-comment'
  | 'string'
  | 'character'
  | 'regex'
  | 'template'
  | 'heredoc'
  | 'long-bracket'
  | 'end-mark'
  | 'embedded';

/** One sign of a language. All have the same fields, so that the loop over them stays fast. */
export interface Token {
  readonly kind: TokenKind;
  readonly open: Uint8Array;
  readonly close: Uint8Array;
  readonly at: Place;
  readonly unlessBefore: Uint8Array;
  readonly word: boolean;
  readonly beforeLetter: boolean;
  readonly anyCase: boolean;
  readonly nested: boolean;
  readonly closesAtColumn: boolean;
  readonly escapes: boolean;
  readonly multiline: boolean;
  readonly raw: RawString | undefined;
  readonly heredoc: HeredocStyle | undefined;
  readonly tag: boolean;
  readonly inner: Lexicon | undefined;
}

/** A syntax, compiled: what each byte is, and the signs that can begin with it. */
export interface Lexicon {
  readonly kinds: Uint8Array;
  readonly tokens: readonly (readonly Token[])[];
  /** Ends this language inside another, in a line comment too. */
  readonly leave: Token | undefined;
  readonly templates: boolean;
  readonly continuesLineComments: boolean;
}

/** `close` is what ends this language inside of another one. */
export function compileLexicon(syntax: Syntax, close?: string): Lexicon {
  const tokens = allTokens(syntax);
  const leave = close === undefined ? undefined : makeToken('leave', close, { anyCase: true });
  if (leave) tokens.unshift(leave);
  const byFirst: Token[][] = Array.from({ length: 256 }, () => []);
  const kinds = new Uint8Array(256);
  for (const space of [9, 11, 12, 13, 32]) kinds[space] = SPACE;
  kinds[10] = LINE_END;
  for (const token of tokens) {
    for (const first of firstBytes(token)) {
      kinds[first] = SIGN;
      byFirst[first]?.push(token);
    }
  }
  // The longest sign first: `"""` before `"`, `/*` before `/`.
  for (const list of byFirst) list.sort((a, b) => b.open.length - a.open.length);
  if (syntax.templates) {
    for (const brace of '{}') kinds[brace.charCodeAt(0)] = SIGN;
  }
  return {
    kinds,
    tokens: byFirst,
    leave,
    templates: syntax.templates ?? false,
    continuesLineComments: syntax.continuesLineComments ?? false,
  };
}

function allTokens(syntax: Syntax): Token[] {
  return [
    ...(syntax.plain ?? []).map((plain) =>
      typeof plain === 'string'
        ? makeToken('plain', plain, {})
        : makeToken('plain', plain.open, { at: plain.at }),
    ),
    ...(syntax.lineComments ?? []).map((comment) =>
      typeof comment === 'string'
        ? makeToken('line-comment', comment, {})
        : makeToken('line-comment', comment.open, {
            ...comment,
            unlessBefore: encode(comment.unlessBefore ?? ''),
          }),
    ),
    ...(syntax.blockComments ?? []).map(({ close, ...comment }) =>
      makeToken('block-comment', comment.open, { ...comment, close: encode(close) }),
    ),
    ...(syntax.strings ?? []).map(({ close, ...string }) =>
      makeToken('string', string.open, { ...string, close: encode(close ?? string.open) }),
    ),
    ...(syntax.characters ? [makeToken('character', "'", {})] : []),
    ...(syntax.regexes ? [makeToken('regex', '/', {})] : []),
    ...(syntax.templates ? [makeToken('template', '`', {})] : []),
    ...heredocTokens(syntax.heredocs),
    ...(syntax.longBrackets
      ? [
          makeToken('long-bracket', `${syntax.longBrackets}[`, {}),
          makeToken('long-bracket', '[', {}),
        ]
      : []),
    ...(syntax.endMarks ?? []).map((mark) => makeToken('end-mark', mark, { at: 'first-column' })),
    ...(syntax.embedded ?? []).map((embedded) =>
      makeToken('embedded', embedded.open, {
        anyCase: true,
        tag: embedded.tag ?? false,
        inner: compileLexicon(embedded.syntax, embedded.close),
      }),
    ),
  ];
}

function heredocTokens(style: HeredocStyle | undefined): Token[] {
  if (!style) return [];
  if (style === 'php') return [makeToken('heredoc', '<<<', { heredoc: style })];
  // A here-string is not a here-document.
  return [makeToken('plain', '<<<', {}), makeToken('heredoc', '<<', { heredoc: style })];
}

type TokenOptions = { readonly [K in keyof Token]?: Token[K] | undefined };

function makeToken(kind: TokenKind, open: string, options: Omit<TokenOptions, 'open'>): Token {
  return {
    kind,
    open: encode(open),
    close: options.close ?? encode(''),
    at: options.at ?? 'anywhere',
    unlessBefore: options.unlessBefore ?? encode(''),
    word: options.word ?? false,
    beforeLetter: options.beforeLetter ?? false,
    anyCase: options.anyCase ?? false,
    nested: options.nested ?? false,
    closesAtColumn: options.closesAtColumn ?? false,
    escapes: options.escapes ?? true,
    multiline: options.multiline ?? false,
    raw: options.raw,
    heredoc: options.heredoc,
    tag: options.tag ?? false,
    inner: options.inner,
  };
}

function firstBytes(token: Token): number[] {
  const first = token.open[0] ?? 0;
  const isLetter = first >= 97 && first <= 122;
  return token.anyCase && isLetter ? [first, first - 32] : [first];
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
