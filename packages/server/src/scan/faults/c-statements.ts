import { createConditions } from './c-conditions.ts';
import { createDeclarations } from './c-declarations.ts';
import { createExpressions } from './c-expressions.ts';
import type { CReader } from './c-reader.ts';
import { createTopLevel } from './c-top-level.ts';
import { onlyCpp, statements } from './c-words.ts';

/**
 * Reads all statements and declarations of a file; what fits nowhere is in the reader's faults.
 * Whatever is not understood is passed over: it may be a macro's, or of a dialect.
 */
export function readStatements(reader: CReader): void {
  const { peek, is, next, take, refuse, miss, doubt, uses, isCpp } = reader;
  const expressions = createExpressions(reader, readBlock);
  const { read, skipGroup } = expressions;
  const declarations = createDeclarations(reader, expressions, {
    readBlock,
    readMembers: () => topLevel.readMembers(),
  });
  const { readDeclaration, isDeclaration } = declarations;
  const { readCondition, readFor } = createConditions(reader, expressions, declarations);
  const topLevel = createTopLevel(reader, expressions, declarations, guarded);

  /** Reads one thing, and if it is not understood goes on behind it. */
  function guarded(readOne: () => void): void {
    const start = reader.at;
    const depth = reader.depthAt(start);
    reader.begin();
    try {
      readOne();
    } catch (error) {
      reader.note(error);
      skipRest(depth);
    }
    if (reader.at === start) next();
  }

  function skipRest(depth: number): void {
    for (;;) {
      const token = peek();
      if (token.text === '' && token.kind === 'sign') return;
      const here = reader.depthAt(reader.at);
      if (here < depth) return;
      if (here === depth && is('}')) {
        next();
        if (take(';') || !goesOn.has(peek().text)) return;
        continue;
      }
      if (here === depth) {
        if (take(';')) return;
        if (is('{')) {
          const close = reader.partnerOf(reader.at);
          // The body of a function, also after the parameters of old C.
          if (is(')', -1) || (is(';', -1) && !isCpp) || close === undefined) readBlock();
          else reader.moveTo(close + 1);
          take(';');
          return;
        }
      }
      next();
    }
  }

  function readBlock(): void {
    if (!is('{')) doubt();
    next();
    while (!is('}') && peek().text !== '') guarded(readStatement);
    take('}');
  }

  /** After what needs a statement. */
  function needStatement(): void {
    if (is('}') || is('else') || peek().text === '') {
      if (peek().isApart) doubt();
      refuse(peek());
    }
    if (peek().kind === 'sign' && neverFirst.has(peek().text)) refuse(peek());
  }

  function endStatement(): void {
    if (take(';')) return;
    const before = peek(-1);
    const token = peek();
    if (before.kind === 'word' && uses.mayBeMacro(before)) doubt();
    if (token.kind === 'word' && uses.mayBeMacro(token)) doubt();
    if (isCpp && (is('const') || is('noexcept'))) doubt();
    // A macro's `?` may be before a colon, and a list may be what a macro began.
    if (is(')', -1) && (is(':') || (is('}') && isMacroCalled()))) doubt();
    if (
      token.kind === 'word' ||
      token.text === '}' ||
      token.text === '' ||
      token.kind === 'number' ||
      token.kind === 'string'
    ) {
      miss(';');
    }
    // `try {` by the name of a macro.
    if (is('{') && [';', '{', '}', ')'].includes(peek(-2).text)) doubt();
    if (is('{') && !isCpp) miss(';');
    if (is('{')) doubt();
    if (is(')') || is(']') || is(',') || is(':')) refuse(token);
    doubt();
  }

  /** Whether the parentheses that end here are those of a macro. */
  function isMacroCalled(): boolean {
    let depth = 0;
    for (let distance = -1; distance > -300; distance--) {
      if (is(')', distance)) depth += 1;
      if (is('(', distance)) depth -= 1;
      if (depth === 0) return uses.mayBeMacro(peek(distance - 1));
    }
    return false;
  }

  function readStatement(): void {
    const token = peek();
    const { text, kind } = token;
    if (take(';')) return;
    if (is('{')) {
      readBlock();
      return;
    }
    if (is('[') && is('[', 1)) {
      skipGroup();
      return;
    }
    if (is('[') && !isCpp) {
      const close = reader.partnerOf(reader.at);
      const after = close === undefined ? token : peek(close + 1 - reader.at);
      if (!['=', '.', '->', '+=', '|='].includes(after.text)) doubt();
      refuse(token);
    }
    if (kind !== 'word' && !(isCpp && is('::'))) {
      if (kind === 'sign' && '?/%=|^<>,.:])'.includes(text) && text !== '::') {
        if ((text === ':' && uses.mayBeMacro(peek(-1))) || text === '^') doubt();
        if (peek(-1).text === ')' || uses.mayBeMacro(peek(-1))) doubt();
        refuse(token);
      }
      if (text.startsWith('#') || text === '@' || text === '`') doubt();
      if (
        [
          '!=',
          '==',
          '|=',
          '+=',
          '-=',
          '*=',
          '/=',
          '->',
          '<=',
          '>=',
          '||',
          '<<',
          '>>',
          '&=',
          '^=',
        ].includes(text)
      ) {
        if (peek(-1).text === ')' || uses.mayBeMacro(peek(-1))) doubt();
        refuse(token);
      }
      readExpressionStatement();
      return;
    }
    switch (text) {
      case 'if':
      case 'while':
      case 'switch': {
        next();
        // A macro may stand for the parentheses, and for what follows them.
        const isKnown = is('(') || isCpp;
        readCondition();
        if (isKnown && (text !== 'while' || !is(';'))) needStatement();
        return;
      }
      case 'for':
        next();
        readFor();
        {
          needStatement();
          return;
        }
      case 'else':
        if (!['}', ';', ')'].includes(peek(-1).text) && !uses.mayBeMacro(peek(-1))) refuse(token);
        next();
        {
          needStatement();
          return;
        }
      case 'do':
        next();
        needStatement();
        guarded(readStatement);
        if (!is('while')) {
          if (peek(-1).text !== '}' || uses.mayBeMacro(peek())) doubt();
          miss('while');
        }
        next();
        readCondition();
        if (uses.mayBeMacro(peek())) return;
        {
          endStatement();
          return;
        }
      case 'case':
        next();
        read();
        if (take(':')) return;
        if (uses.mayBeMacro(peek(-1)) && !is(';')) doubt();
        if (is('::')) doubt();
        miss(':');
        return;
      case 'default':
        if (is('=', 1)) doubt();
        next();
        if (take(':')) return;
        uses.mayBeMacro(peek()) ? doubt() : miss(':');
        return;
      case 'return':
        next();
        read({ mayBeEmpty: true, hasCommas: true });
        {
          endStatement();
          return;
        }
      case 'break':
      case 'continue':
        next();
        {
          endStatement();
          return;
        }
      case 'goto':
        next();
        if (is('*')) read();
        else if (next().kind !== 'word') refuse(peek(-1));
        {
          endStatement();
          return;
        }
      case 'asm':
      case '__asm__':
      case '__asm':
      case 'static_assert':
      case '_Static_assert':
      case 'using':
      case 'namespace':
        doubt();
    }
    if (isCpp) {
      if (text === 'try' && is('{', 1)) {
        next();
        return;
      }
      if (text === 'catch' && is('(', 1)) {
        next();
        skipGroup();
        return;
      }
      if (text === 'template') doubt();
    }
    // A label.
    if (is(':', 1)) {
      reader.moveTo(reader.at + 2);
      return;
    }
    // A macro such as `fallthrough`.
    if (statements.has(peek(1).text) && !is('else', 1)) {
      next();
      return;
    }
    if (isDeclaration()) {
      readDeclaration('block');
      return;
    }
    if (is('(', 1) && (!onlyCpp.has(text) || !isCpp)) {
      readCallStatement();
      return;
    }
    if (
      uses.mayBeMacro(token) &&
      (peek(1).kind === 'word' || isBlock(reader.at + 1) || is('}', 1))
    ) {
      next();
      return;
    }
    readExpressionStatement();
  }

  /** Whether a block begins there, and no list such as that of `T{1};`. */
  function isBlock(at: number): boolean {
    if (peek(at - reader.at).text !== '{') return false;
    const close = reader.partnerOf(at);
    return close === undefined || peek(close + 1 - reader.at).text !== ';';
  }

  function readExpressionStatement(): void {
    const token = peek();
    const isParenthesis = token.text === '(' && !is('{', 1);
    read({ hasCommas: true });
    // Of the file that a macro makes an enumeration of.
    if (peek(-1) === token && is('}')) doubt();
    if (isParenthesis && is('{')) {
      const open = peek(-1);
      if (open.text === ')')
        refuse(peek(), 'Missing a keyword such as `if` before the parenthesis');
    }
    endStatement();
  }

  /** A call, or a macro of the look of one, after which anything may follow. */
  function readCallStatement(): void {
    const callee = peek();
    const isFunction = !uses.mayBeMacro(callee) && uses.isFunction(callee);
    const start = reader.at;
    const close = reader.partnerOf(start + 1);
    if (close !== undefined) {
      const after = peek(close + 1 - start);
      // `T (*f)(…)`.
      if (after.text === '(' && (is('*', 2) || (is('::', 3) && is('*', 4)))) {
        readDeclaration('block');
        return;
      }
      if (after.text === '{') {
        reader.moveTo(close + 1);
        return;
      }
      if (!isFunction && (after.kind === 'word' || after.text === '}' || after.text === '')) {
        reader.moveTo(close + 1);
        return;
      }
    }
    read({ hasCommas: true });
    const isSole = reader.at - 1 === close;
    if (isSole && !is(';') && !isFunction) doubt();
    endStatement();
  }

  while (peek().text !== '') guarded(topLevel.readTopLevel);
}

/** What may follow the closing brace of a list. */
const goesOn = new Set([',', ')', ']', '.', '[', '(', '=', '+', '-', '|', '&', '?', ':']);
/** Signs that begin no statement. */
const neverFirst = new Set('= == != |= += -= *= /= &= ^= -> <= >= || << >> . , / % ?'.split(' '));
