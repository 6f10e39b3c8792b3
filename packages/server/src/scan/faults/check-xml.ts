import { type FaultAt, type SyntaxCheck, valid } from './fault.ts';

const name = String.raw`[\p{L}_:][\p{L}\p{N}\p{M}_:.\-·]*`;
// Sticky; every alternative begins with another sign, and none can match in two ways.
const piece = new RegExp(
  [
    '(?<text>[^<&]+)',
    String.raw`(?<entity>&(?:#\d+|#x[\da-fA-F]+|${name});)`,
    '(?<comment><!--)',
    String.raw`(?<cdata><!\[CDATA\[)`,
    String.raw`(?<doctype><!DOCTYPE(?=\s))`,
    String.raw`(?<instruction><\?)`,
    String.raw`<\/(?<close>${name})\s*>`,
    `<(?<open>${name})`,
  ].join('|'),
  'yu',
);
const attribute = new RegExp(
  String.raw`(?<space>\s*)(?:(?<end>\/?>)|(?<name>${name})\s*=\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)'))`,
  'yu',
);

/**
 * Whether XML is well-formed, in one pass without recursion. Entities are never expanded and nothing
 * outside of the file is read.
 */
export const checkXml: SyntaxCheck = (text) => {
  const fault = findFault(text);
  return fault ? { faults: [fault] } : valid;
};

function findFault(text: string): FaultAt | undefined {
  const open: { name: string; offset: number }[] = [];
  let at = 0;
  let roots = 0;
  while (at < text.length) {
    piece.lastIndex = at;
    const found = piece.exec(text)?.groups;
    if (!found) return { offset: at, message: strayMessage(text, at) };
    const start = at;
    at = piece.lastIndex;
    const closing = closingOf(found);
    if (closing !== undefined) {
      const end = found.doctype === undefined ? text.indexOf(closing, at) : endOfDoctype(text, at);
      if (end < 0)
        return { offset: start, message: `Missing \`${closing}\` to close what begins here` };
      at = end + closing.length;
    } else if (found.close !== undefined) {
      const element = open.pop();
      if (!element)
        return { offset: start, message: `Unexpected \`</${found.close}>\`: nothing is open here` };
      if (element.name !== found.close) {
        const line = text.slice(0, element.offset).split('\n').length;
        const message = `Missing \`</${element.name}>\` to close \`<${element.name}>\` on line ${line}: \`</${found.close}>\` is not it`;
        return { offset: start, message };
      }
    } else if (found.open !== undefined) {
      if (open.length === 0) roots += 1;
      if (roots > 1)
        return { offset: start, message: 'There is a second element after the first has ended' };
      const tag = readTag(text, at, found.open);
      if ('message' in tag) return tag;
      at = tag.end;
      if (!tag.isEmpty) open.push({ name: found.open, offset: start });
    } else if (open.length === 0 && (found.text ?? '').trim() !== '') {
      const offset = start + ((found.text ?? '').length - (found.text ?? '').trimStart().length);
      return { offset, message: 'There is text outside of the element' };
    }
  }
  const element = open.at(-1);
  if (element) {
    const line = text.slice(0, element.offset).split('\n').length;
    const message = `Missing \`</${element.name}>\` to close \`<${element.name}>\` on line ${line}`;
    return { offset: text.trimEnd().length, message };
  }
  return roots > 0 ? undefined : { offset: 0, message: 'There is no element in it' };
}

function readTag(
  text: string,
  start: number,
  element: string,
): { end: number; isEmpty: boolean } | FaultAt {
  const names = new Set<string>();
  let at = start;
  for (;;) {
    attribute.lastIndex = at;
    const found = attribute.exec(text)?.groups;
    const blank = /\s*/y;
    blank.lastIndex = at;
    blank.exec(text);
    const offset = Math.max(at, blank.lastIndex);
    if (!found)
      return {
        offset,
        message: `The tag \`<${element}\` is wrong here: expected \`name="value"\` or \`>\``,
      };
    at = attribute.lastIndex;
    if (found.end !== undefined) return { end: at, isEmpty: found.end === '/>' };
    const name = found.name ?? '';
    if (found.space === '') return { offset, message: `Missing a space before \`${name}\`` };
    if (names.has(name)) return { offset, message: `The attribute \`${name}\` occurs twice` };
    names.add(name);
    const value = found.double ?? found.single ?? '';
    const wrong = value.search(/<|&(?!#?[\p{L}\p{N}_:.-]+;)/u);
    if (wrong >= 0) {
      const sign =
        value[wrong] === '<' ? '`<` must be written `&lt;`' : '`&` must be written `&amp;`';
      return { offset, message: `In the value of \`${name}\`, ${sign}` };
    }
  }
}

function closingOf(found: Record<string, string | undefined>): string | undefined {
  if (found.comment !== undefined) return '-->';
  if (found.cdata !== undefined) return ']]>';
  if (found.instruction !== undefined) return '?>';
  return found.doctype === undefined ? undefined : '>';
}

/** Where the `>` of a document type is, after its declarations in brackets. */
function endOfDoctype(text: string, start: number): number {
  const skip = /"[^"]*"|'[^']*'|<!--|<\?|[[\]>]/g;
  skip.lastIndex = start;
  let isInside = false;
  for (let found = skip.exec(text); found; found = skip.exec(text)) {
    const [sign] = found;
    if (sign === '<!--' || sign === '<?') {
      const end = text.indexOf(sign === '<?' ? '?>' : '-->', skip.lastIndex);
      if (end < 0) return -1;
      skip.lastIndex = end + 2;
    } else if (sign === '[') isInside = true;
    else if (sign === ']') isInside = false;
    else if (sign === '>' && !isInside) return found.index;
  }
  return -1;
}

function strayMessage(text: string, at: number): string {
  if (text[at] === '&') return '`&` must be written `&amp;`';
  return text[at + 1] === '/' ? 'The closing tag is wrong' : '`<` must be written `&lt;`';
}
