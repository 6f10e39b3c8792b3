import type { Declarations } from './c-declarations.ts';
import type { Expressions } from './c-expressions.ts';
import type { CReader } from './c-reader.ts';
import { aggregates, statements } from './c-words.ts';

export interface TopLevel {
  /** Reads one declaration outside of functions. @throws a misfit */
  readTopLevel(): void;
  /** Reads what is in the braces of a class. */
  readMembers(): void;
}

const behindFunction = new Set(['noexcept', 'const', 'override', 'final', 'volatile', 'throw']);

const beginners = new Set(['namespace', 'public', 'private', 'protected', 'class', '~', 'virtual']);

const passed = new Set([
  'template',
  'using',
  'concept',
  'requires',
  'export',
  'import',
  'module',
  'friend',
  'static_assert',
]);

/** `guarded` reads one thing, and goes on behind it if it is not understood. */
export function createTopLevel(
  reader: CReader,
  { skipGroup, skipTemplate }: Expressions,
  { readDeclaration }: Declarations,
  guarded: (readOne: () => void) => void,
): TopLevel {
  const { peek, is, next, take, refuse, doubt, uses, isCpp } = reader;
  let bodies = 0;
  /** How many braces of namespaces and the like are open. */
  let outer = 0;

  function readMembers(): void {
    next();
    while (!is('}') && peek().text !== '') guarded(readMember);
    take('}');
  }

  function readMember(): void {
    if (take(';')) return;
    const token = peek();
    if (isCpp) {
      if (['public', 'private', 'protected', 'signals', 'Q_SIGNALS'].includes(token.text)) {
        next();
        if (peek().kind === 'word') next();
        if (!take(':')) doubt();
        return;
      }
      if (passed.has(token.text)) {
        skipDeclaration();
        return;
      }
      // `private:` by another name.
      if (
        token.kind === 'word' &&
        is(':', 1) &&
        peek(2).kind !== 'number' &&
        uses.mayBeMacro(token)
      ) {
        reader.moveTo(reader.at + 2);
        return;
      }
    }
    if (is('[') && is('[', 1)) {
      skipGroup();
      return;
    }
    const isBehind = [';', '{', '}'].includes(peek(-1).text);
    if (isBehind && (is('<') || is('*') || is('&') || (is('(') && !isCpp))) refuse(token);
    if (is('=') || is(',') || is('.') || token.kind === 'number') {
      if (uses.mayBeMacro(peek(-1)) || peek(-1).text === ')') doubt();
      refuse(token);
    }
    if (token.kind !== 'word' && !is('~') && !is('::')) doubt();
    if (statements.has(token.text)) {
      if (isCpp && token.text === 'default') doubt();
      refuse(token);
    }
    if (passMacro()) return;
    readDeclaration('struct');
  }

  /** A macro on a line of its own. */
  function passMacro(): boolean {
    const token = peek();
    if (token.kind !== 'word' || !uses.mayBeMacro(token)) return false;
    if (isCpp && passMacros()) return true;
    if (!is('(', 1) || aggregates.has(peek(2).text)) return false;
    const close = reader.partnerOf(reader.at + 1);
    if (close === undefined) return false;
    const after = peek(close + 1 - reader.at);
    if (behindFunction.has(after.text)) return false;
    if (after.kind !== 'word' && after.text !== '}' && after.text !== '' && after.text !== ';')
      return false;
    reader.moveTo(close + 1);
    return true;
  }

  /** Macros on lines of their own before what can only begin something. */
  function passMacros(): boolean {
    const start = reader.at;
    while (peek().kind === 'word' && uses.mayBeMacro(peek())) {
      next();
      if (is('(')) {
        const close = reader.partnerOf(reader.at);
        if (close === undefined) break;
        reader.moveTo(close + 1);
      }
    }
    if (reader.at > start && (beginners.has(peek().text) || passed.has(peek().text))) return true;
    reader.moveTo(start);
    return false;
  }

  function skipDeclaration(): void {
    const { text } = next();
    if (text === 'template') {
      if (is('<') && !skipTemplate()) doubt();
      if (is('requires')) doubt();
      return;
    }
    doubt();
  }

  function readOuter(): void {
    outer += 1;
    while (!is('}') && peek().text !== '') guarded(readTopLevel);
    take('}');
    outer -= 1;
  }

  function readTopLevel(): void {
    if (reader.depthAt(reader.at) > outer) doubt();
    if (take(';')) return;
    const token = peek();
    if (token.text === 'extern' && peek(1).kind === 'string' && is('{', 2)) {
      reader.moveTo(reader.at + 3);
      readOuter();
      return;
    }
    if (isCpp) {
      if (token.text === 'inline' && is('namespace', 1)) next();
      if (is('namespace')) {
        next();
        while (!is('{') && !is(';') && peek().text !== '') {
          if (is('=')) doubt();
          if (is('[')) skipGroup();
          else next();
        }
        if (take('{')) readOuter();
        return;
      }
      if (passed.has(token.text)) {
        skipDeclaration();
        return;
      }
    }
    if (is('[') && is('[', 1)) {
      skipGroup();
      return;
    }
    if (token.kind !== 'word') {
      if (is('~') || is('::')) {
        readDeclaration('file');
        return;
      }
      if (is('{') && bodies > 0) doubt();
      const isBehind = [';', '}'].includes(peek(-1).text);
      if (isBehind && bodies > 0 && ((is('(') && is('}', -1)) || token.kind === 'string'))
        refuse(token);
      if (
        token.kind === 'number' ||
        (bodies > 0 && token.kind === 'sign' && '=/|&+-<>.'.includes(token.text))
      ) {
        const before = peek(-1);
        if (!uses.mayBeMacro(before) && before.text !== ')' && before.text !== '') refuse(token);
      }
      doubt();
    }
    // It may be within a function that macros begin and end, or of a file that is included in one.
    if (statements.has(token.text)) doubt();
    if (['asm', '__asm__', '__asm', 'static_assert', '_Static_assert'].includes(token.text))
      doubt();
    if (passMacro()) return;
    readDeclaration('file');
    if (is('}', -1)) bodies += 1;
  }

  return { readTopLevel, readMembers };
}
