export interface Token {
  kind: 'word' | 'number' | 'string' | 'sign';
  text: string;
  offset: number;
  /** A directive that may bring tokens of its own lies between it and the token before. */
  isApart: boolean;
  /** It stands for a directive that there is not. */
  isDirective?: boolean;
}

/** A token, the name of a macro, or where a branch of the preprocessor begins or ends. */
export type Piece =
  | Token
  | { kind: 'define'; name: string; isUneven: boolean; offset: number }
  | { kind: 'if' | 'else' | 'endif'; isNever: boolean; offset: number };

// Sticky, each alternative with one way to match, so that it is linear.
const lexer = new RegExp(
  [
    String.raw`(?<space>[ \t\r\f\v\n]+|\\\r?\n|\\)`,
    String.raw`(?<comment>\/\/(?:[^\\\n]|\\[\s\S])*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$))`,
    String.raw`(?<raw>(?:u8|[uUL])?R"(?<fence>[^()\\\s]{0,16})\()`,
    String.raw`(?<string>(?:u8|[uUL])?(?:"(?:[^"\\\n]|\\\r?[\s\S])*"?|'(?:[^'\\\n]|\\\r?[\s\S])*'?))`,
    String.raw`(?<number>\.?\d(?:[eEpP][+-]|'(?=\w)|[\w.])*)`,
    String.raw`(?<word>[\p{L}_$\u0080-\uffff][\p{L}\p{N}_$\u0080-\uffff]*)`,
    String.raw`(?<sign><=>|<<=|>>=|\.\.\.|->\*?|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*\/%&|^]=|::|##|[\s\S])`,
  ].join('|'),
  'yu',
);

/**
 * The tokens of C and C++ without comments and without the lines of directives, whose branches are
 * pieces of their own.
 *
 * @throws UnclosedText for a string or comment without an end.
 */
export function* readPieces(text: string): Generator<Piece> {
  let at = 0;
  let isLineStart = true;
  let isApart = false;
  while (at < text.length) {
    if (isLineStart && text[at] === '#') {
      const end = endOfDirective(text, at);
      const piece = readDirective(text.slice(at, end), at);
      if (piece) yield piece;
      if (piece?.kind !== 'define') isApart = true;
      at = end;
      continue;
    }
    lexer.lastIndex = at;
    const groups = lexer.exec(text)?.groups;
    const end = lexer.lastIndex;
    if (!groups) return;
    if (groups.space !== undefined) {
      isLineStart ||= groups.space.includes('\n');
      at = end;
      continue;
    }
    if (groups.comment !== undefined) {
      if (isOpenComment(groups.comment)) throw new UnclosedText(at, 'A comment is not closed');
      at = end;
      continue;
    }
    isLineStart = false;
    if (groups.raw !== undefined) {
      const fence = `)${groups.fence}"`;
      const close = text.indexOf(fence, end);
      if (close < 0) throw new UnclosedText(at, 'A raw string is not closed');
      yield { kind: 'string', text: '""', offset: at, isApart };
      isApart = false;
      at = close + fence.length;
      continue;
    }
    for (const kind of ['string', 'number', 'word', 'sign'] as const) {
      const found = groups[kind];
      if (found !== undefined) yield { kind, text: found, offset: at, isApart };
    }
    isApart = false;
    at = end;
  }
}

export class UnclosedText extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

function isOpenComment(comment: string): boolean {
  return comment.startsWith('/*') && (comment.length < 4 || !comment.endsWith('*/'));
}

function readDirective(directive: string, offset: number): Piece | undefined {
  const [, name = '', condition] = /^#[^\S\n]*(\w*)\s*([^\s/]*)/.exec(directive) ?? [];
  if (name === 'if' || name === 'ifdef' || name === 'ifndef') {
    return { kind: 'if', isNever: name === 'if' && condition === '0', offset };
  }
  if (name === 'else' || name.startsWith('elif')) return { kind: 'else', isNever: false, offset };
  if (name === 'endif') return { kind: 'endif', isNever: false, offset };
  if (name === 'define' || name === 'undef') {
    return {
      kind: 'define',
      name: /^\w*/.exec(condition ?? '')?.[0] ?? '',
      isUneven: isUneven(directive),
      offset,
    };
  }
  if (name === '') {
    const sign = /^#[^\S\n]*([#()[\]{}<>;,:=])/.exec(directive)?.[1];
    return sign === undefined
      ? undefined
      : { kind: 'sign', text: `#${sign}`, offset, isApart: true, isDirective: true };
  }
  if (directives.has(name) || /^\d*$/.test(name)) return undefined;
  return { kind: 'sign', text: `#${name}`, offset, isApart: true, isDirective: true };
}

/** Whether a macro opens braces that it does not close, or the other way round. */
function isUneven(directive: string): boolean {
  const code = directive.replace(/"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/g, '');
  return code.split('{').length !== code.split('}').length;
}

const directives = new Set(
  'include include_next import embed pragma error warning line ident sccs assert unassert using'.split(
    ' ',
  ),
);

/** A directive ends with its line, unless a backslash or a comment goes on. */
function endOfDirective(text: string, start: number): number {
  let at = start;
  for (;;) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end);
    const comment = line.indexOf('/*');
    if (comment >= 0 && !isInQuotes(line.slice(0, comment))) {
      const closed = text.indexOf('*/', at + comment + 2);
      if (closed < 0) return text.length;
      at = closed + 2;
      continue;
    }
    if (newline < 0 || !/\\[ \t]*\r?$/.test(text.slice(Math.max(start, end - 100), end)))
      return end;
    at = newline + 1;
  }
}

function isInQuotes(line: string): boolean {
  return line.includes('//') || (line.split('"').length - 1) % 2 === 1;
}
