import type { Expressions } from './c-expressions.ts';
import type { CReader } from './c-reader.ts';
import {
  afterFunction,
  type Bodies,
  createSpecifierReader,
  type Scope,
  type Specifiers,
} from './c-specifiers.ts';
import type { Token } from './c-tokens.ts';
import { infixWords, onceOnly, prefixWords, withGroup } from './c-words.ts';

export interface Declarations {
  /** Reads from the first specifier to the `;` or the end of the body. @throws a misfit */
  readDeclaration(scope: Scope): void;
  /** Whether a declaration begins here, as far as its first tokens tell. */
  isDeclaration(): boolean;
}

const onlyStatements = new Set([
  'return',
  'if',
  'for',
  'while',
  'switch',
  'break',
  'goto',
  'continue',
]);

export function createDeclarations(
  reader: CReader,
  expressions: Expressions,
  bodies: Bodies,
): Declarations {
  const { read, readBraces, readInitializer, skipGroup } = expressions;
  const { readBlock } = bodies;
  const specifiers = createSpecifierReader(reader, expressions, bodies);
  const { readSpecifiers, readName, isAggregate, isQualifier, isBase } = specifiers;
  const { peek, is, next, take, refuse, miss, doubt, uses, isCpp } = reader;

  function isDeclaration(): boolean {
    const start = reader.at;
    try {
      const { text } = peek();
      if (isCpp && take('::') && !isWord(peek())) return false;
      if (isCpp && (infixWords.has(peek(1).text) || (prefixWords.has(text) && text !== 'typename')))
        return false;
      if (isBase(text) || isQualifier(text) || isAggregate(text))
        return !(isCpp && (is('(', 1) || is('{', 1)) && !isAggregate(text));
      if (withGroup.has(text)) return text !== 'asm' && text !== '__asm__' && text !== '__asm';
      if (!isWord(peek())) return false;
      readName();
      if (isWord(peek())) return !(isCpp && infixWords.has(peek().text));
      if (!is('*') && !is('&') && !(is('&&') && isCpp)) return false;
      while (is('*') || is('&') || is('&&') || isQualifier(peek().text)) next();
      if (is('(') && is('*', 1)) return true;
      if (!isWord(peek()) || infixWords.has(peek(1).text)) return false;
      return (
        ['=', ';', ',', '[', '{'].includes(peek(1).text) || isWord(peek(1)) || (is(':', 1) && isCpp)
      );
    } catch (error) {
      reader.note(error);
      return false;
    } finally {
      reader.moveTo(start);
    }
  }

  function readDeclaration(scope: Scope): void {
    const start = reader.at;
    const found = readSpecifiers(scope);
    const { hasBase, names, hasMacro } = found;
    const token = peek();
    const isPointer = is('*') || is('&') || is('&&');
    const most = (hasBase ? 0 : 1) + (isPointer ? 0 : 1);
    if (names.length > most && !hasMacro) {
      const extra = names[most] as Token;
      if (!isSurplus(names, most)) doubt();
      reader.moveTo(start);
      while (peek().offset < extra.offset && peek().text !== '') next();
      if (names.length > most + 1 || !isPointer) {
        if (extra.isApart) doubt();
        refuse(extra);
      }
      refuse(token);
    }
    const [first, second] = names;
    if (first && second && !hasBase && !hasMacro && scope === 'block') {
      if (`${first.text}::` === second.text) refuse(second);
      if (first.text === second.text && (is('(') || uses.isValue(first))) refuse(second);
      if (!isCpp && uses.isValue(first)) refuse(second);
    }
    if (hasBase && names.length === 0 && !hasMacro) {
      if (
        (is('=') && !(isCpp && scope === 'parameter')) ||
        (is('[') && !is('[', 1) && scope !== 'parameter' && !isCpp)
      )
        refuse(token);
    }
    const hasType = hasBase ? names.length > 0 || isPointer : names.length > 1 || isPointer;
    readDeclarators(scope, hasType, names.length > (hasBase ? 0 : 1), found);
  }

  /** One name too many may be a macro such as `noinline`, unless it is known to be something else. */
  function isSurplus(names: readonly Token[], most: number): boolean {
    if (names.length > most + 1 && !is('(')) return true;
    return names.some((name, index) => {
      const before = names[index - 1];
      if (before === undefined) return false;
      return before.text === name.text || (uses.isValue(before) && !is('('));
    });
  }

  function readDeclarators(
    scope: Scope,
    hasType: boolean,
    isNamedBefore: boolean,
    { hasMacro, hasBase, names }: Specifiers,
  ): void {
    const isTyped = hasType && !hasMacro;
    let isNamed = isNamedBefore;
    for (let count = 0; ; count++) {
      let isMacro = hasMacro && count === 0;
      // `A::A(…)`, `TEST(a, b)`
      if (count === 0 && !hasBase && !hasMacro && isCallOfType(scope, names)) refuse(peek(1));
      const isPlain =
        count === 0 && (!hasBase || hasMacro) && is('(') && !['*', '&', '^'].includes(peek(1).text);
      if (count > 0 || (!isNamed && !isPlain)) {
        const named = readDeclarator(scope, isMacro || (!isTyped && !hasBase));
        isNamed = named !== 'none' || isNamed;
        isMacro ||= named === 'macro';
      }
      if (!isNamed && !isMacro && count > 0 && !is(':')) refuse(peek());
      const suffix = readSuffixes(scope, (isTyped || hasType) && isNamed);
      const isFunction =
        suffix === 'function' || suffix === 'group' || (suffix === 'macro' && is('{'));
      if (is('{')) {
        if (isFunction || !isCpp) {
          if (!isFunction) {
            if (scope === 'file' && !isMacro && isNamed && isTyped) refuse(peek());
            doubt();
          }
          const close = isMacro ? reader.partnerOf(reader.at) : undefined;
          if (close !== undefined && peek(close + 1 - reader.at).text === ';') skipGroup();
          else readBlock();
          return;
        }
        // `int (&f())[1] {`
        if (onlyStatements.has(peek(1).text) || isQualifier(peek(1).text)) {
          readBlock();
          return;
        }
        if (!isMacro) readBraces();
        else {
          const close = reader.partnerOf(reader.at) ?? reader.at;
          const after = peek(close + 1 - reader.at);
          if (after.text !== ';' && after.text !== ',') {
            readBlock();
            return;
          }
          skipGroup();
        }
      }
      if (is('=')) {
        next();
        if (isCpp && (is('default') || is('delete')) && (is(';', 1) || is(',', 1))) next();
        else readInitializer();
      }
      if (scope === 'parameter') return;
      if (take(';')) return;
      if (take(',')) continue;
      if (suffix === 'macro' || (!isCpp && is('<'))) doubt();
      if (scope === 'file' && !isTyped) doubt();
      const token = peek();
      if (token.text === '' || token.text === '}') {
        if (uses.mayBeMacro(peek(-1)) || isMacro || (peek(-1).text === ')' && !isTyped)) doubt();
        scope === 'struct' || scope === 'block' || token.text === '' ? miss(';') : refuse(token);
      }
      if (uses.mayBeMacro(token) || isMacro || uses.mayBeMacro(peek(-1))) doubt();
      if (peek(-1).text === ')' && !isTyped) doubt();
      if (suffix === 'group') doubt();
      if (!hasBase && names.length < 2 && !isTyped) doubt();
      // A word alone may be an attribute's macro.
      if (isWord(token)) isAttribute() ? doubt() : miss(';');
      refuse(token);
    }
  }

  /** `T (int a);` of C, in which the name of the function is missing. */
  function isCallOfType(scope: Scope, [type, ...more]: readonly Token[]): boolean {
    if (isCpp || scope === 'block' || !type || more.length > 0 || !is('(')) return false;
    const inner = peek(1).text;
    return uses.isType(type) && (isBase(inner) || isQualifier(inner) || isAggregate(inner));
  }

  /** Whether the word here may be the macro of an attribute: nothing is declared with it. */
  function isAttribute(): boolean {
    const { text } = peek();
    if (isBase(text) || isQualifier(text) || isAggregate(text) || onlyStatements.has(text))
      return false;
    const after = peek(1);
    return !isWord(after) && after.text !== '*';
  }

  /** Reads the stars and the name of what is declared. */
  function readDeclarator(scope: Scope, isDoubtful: boolean): 'none' | 'name' | 'macro' {
    let isMacro = false;
    for (;;) {
      const { text } = peek();
      if (text === '*' || text === '&' || text === '&&' || text === '^') next();
      else if (is('[') && is('[', 1)) skipGroup();
      else if (text === '...' && isCpp) next();
      else if (text === '::' && isCpp) next();
      else if (isQualifier(text) && !onceOnly.has(text)) next();
      else if (withGroup.has(text)) {
        next();
        if (is('(')) skipGroup();
      } else if (isWord(peek()) && uses.mayBeMacro(peek()) && isWord(peek(1))) {
        next();
        isMacro = true;
      } else break;
    }
    if (is('(')) {
      const inner = peek(1);
      if (!isCpp && !isDoubtful && scope !== 'parameter') {
        if (inner.text === ')' || isBase(inner.text) || inner.kind === 'number') refuse(inner);
        const after = peek(2);
        const isPointer = inner.kind === 'word' && after.text === '*';
        if (isPointer && ([',', ')'].includes(peek(3).text) || peek(4).text === ',')) refuse(after);
        if (inner.kind === 'word' && (after.text === ',' || isWord(after)) && scope !== 'block') {
          if (!uses.mayBeMacro(inner) && after.text !== '*') refuse(after);
        }
      }
      skipGroup();
      return 'name';
    }
    if (isCpp && is('[')) {
      // `auto [a, b]`
      skipGroup();
      return 'name';
    }
    if (isCpp && (is('~') || is('operator'))) {
      take('~');
      readName();
      return 'name';
    }
    if (!isWord(peek())) {
      if (is(':') || scope === 'parameter' || isDoubtful || isMacro)
        return isMacro ? 'macro' : 'none';
      const before = peek(-1);
      if (['*', '&', ','].includes(before.text)) refuse(peek());
      return 'none';
    }
    const name = peek();
    if (isBase(name.text) || isAggregate(name.text)) {
      if (isDoubtful || isMacro) doubt();
      refuse(name);
    }
    readName();
    // One of two names may be a macro such as `restrict`.
    if (isWord(peek()) && isWord(peek(-1)) && !isDefinite(peek())) {
      if (peek().text === name.text) refuse(peek());
      if (!uses.isValue(name)) doubt();
    }
    if (isCpp && is('*')) {
      next();
      return readDeclarator(scope, isDoubtful);
    }
    return uses.mayBeMacro(name) || isMacro ? 'macro' : 'name';
  }

  function isDefinite({ text }: Token): boolean {
    return (
      isBase(text) ||
      isQualifier(text) ||
      isAggregate(text) ||
      withGroup.has(text) ||
      afterFunction.has(text)
    );
  }

  /** Reads what follows the name. Whether it is a function's parameters. */
  function readSuffixes(scope: Scope, isTyped: boolean): 'none' | 'group' | 'function' | 'macro' {
    let isFunction = false;
    let isCertain = false;
    let isMacro = false;
    for (;;) {
      const token = peek();
      if (is('[')) {
        if (is('[', 1)) {
          skipGroup();
          continue;
        }
        next();
        while (isQualifier(peek().text)) next();
        if (is('*') && is(']', 1)) next();
        read({ mayBeEmpty: true, hasCommas: true });
        if (!take(']')) refuse(peek());
      } else if (is('(')) {
        const name = peek(-1);
        if (
          isTyped &&
          !isFunction &&
          scope !== 'parameter' &&
          isWord(name) &&
          !uses.mayBeMacro(name)
        )
          isCertain = readParameters();
        else skipGroup();
        isFunction = true;
      } else if (isCpp && isFunction && afterFunction.has(token.text)) {
        next();
        if (is('(')) skipGroup();
      } else if (isCpp && isFunction && (is('&') || is('&&'))) next();
      else if (isCpp && isFunction && is('->')) {
        while (!is('{') && !is(';') && !is('=') && peek().text !== '') {
          if (is('(') || is('[')) skipGroup();
          else next();
        }
      } else if (isCpp && isFunction && is(':')) readInitializers();
      else if (withGroup.has(token.text)) {
        next();
        take('volatile');
        if (is('(')) skipGroup();
      } else if (is(':') && scope === 'struct') {
        next();
        read();
      } else if (isWord(token) && uses.mayBeMacro(token)) {
        next();
        isMacro = true;
        if (is('(')) skipGroup();
      } else if (!isFunction) return isMacro ? 'macro' : 'none';
      else if (isMacro) return 'macro';
      else return isCertain ? 'function' : 'group';
    }
  }

  /** Reads `: a(1), b{2}` of a constructor. */
  function readInitializers(): void {
    next();
    for (;;) {
      if (!isWord(peek()) && !is('::')) doubt();
      take('::');
      readName();
      if (!is('(') && !is('{')) doubt();
      if (is('(')) skipGroup();
      else readBraces();
      take('...');
      if (!take(',')) return;
    }
  }

  /** Whether they are a function's parameters, and no macro's arguments. */
  function readParameters(): boolean {
    const first = peek(1);
    const isConversion = isCpp && (is('(', 2) || is('{', 2));
    const isType = isBase(first.text) || isQualifier(first.text) || isAggregate(first.text);
    const isCertain = isType && !isConversion;
    if ((isCpp && !isCertain) || first.kind === 'number' || first.kind === 'string') {
      skipGroup();
      return false;
    }
    next();
    if (take(')')) return false;
    for (;;) {
      if (is('...')) next();
      else if (is(',') || is(')') || (is('*') && (isCertain || !isCpp))) refuse(peek());
      else readDeclaration('parameter');
      if (take(')')) return isCertain;
      if (isCpp && is('...')) next();
      else if (is(';') || is('{') || is('}')) miss(')');
      else if (!take(',')) {
        if (uses.mayBeMacro(peek()) || uses.mayBeMacro(peek(-1))) doubt();
        if (is(')', -1) || (!isCpp && is('<')) || is('(', 1)) doubt();
        isWord(peek()) ? miss(',') : refuse(peek());
      }
    }
  }

  return { readDeclaration, isDeclaration };
}

function isWord(token: Token): boolean {
  return token.kind === 'word';
}
