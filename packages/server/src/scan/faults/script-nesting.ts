/**
 * How deep a parser that recurses would have to go, as a share of the depth at which a native one
 * overflows the stack and takes the process with it. Measured in a worker thread with the usual
 * stack of 4 MB, and halved or less: brackets at 2,400 levels, `=>` or `a ? b :` at 2,800 and more,
 * `a + b` or `a.b` at 18,000 and more, `else if` at 12,000.
 */
const cost = { bracket: 1 / 1200, link: 1 / 1400, operator: 1 / 12_000, else: 1 / 6000 };

const linking = new Set(
  'as async asserts await class delete do extends for function if import in infer instanceof is keyof new of readonly satisfies throw typeof unique void while with yield'.split(
    ' ',
  ),
);
const beforeRegex = new Set(
  'await case delete do else in instanceof new of return throw typeof void yield'.split(' '),
);

export type Nesting = 'shallow' | 'deep' | 'uncertain';

/**
 * Whether JavaScript or TypeScript may be given to a native parser. `uncertain`: it depends on
 * whether some `/` begins a regular expression, or some quote a string, which only a parser knows.
 */
export function nestingOf(text: string): Nesting {
  // Most files have not even enough signs in all.
  return mostPossible(text) < 1 ? 'shallow' : readNesting(text);
}

function readNesting(text: string): Nesting {
  const mayHaveTags = /<\/|\/>/.test(text);
  // The links and operators in each open bracket since its last `;` or `,`, and the bracket.
  const outer: { chain: number; angles: number; isTemplate: boolean }[] = [];
  let chain = 0;
  // A `,` does not end the arguments of a type.
  let angles = 0;
  // What no `;` ends: an `else` belongs to an `if` before it.
  let elses = 0;
  let total = 0;
  let isTemplate = false;
  let isUncertain = false;
  // The last sign or word before the place where it is.
  let before = '';
  let at = text.startsWith('#!') ? endOfLine(text, 0) : 0;

  const add = (amount: number) => {
    chain += amount;
    total += amount;
  };
  const open = (asTemplate: boolean) => {
    outer.push({ chain, angles, isTemplate });
    chain = 0;
    angles = 0;
    total += cost.bracket;
    isTemplate = asTemplate;
  };
  const close = () => {
    const around = outer.pop();
    if (!around) return;
    total -= chain + angles + cost.bracket;
    chain = around.chain;
    angles = around.angles;
    isTemplate = around.isTemplate;
    // `a()()()` and `a[][][]` nest to the left.
    add(cost.operator);
  };
  // Goes on in a template up to its end or its next `${`.
  const readTemplate = () => {
    for (; at < text.length; at++) {
      const sign = text[at];
      if (sign === '\\') at += 1;
      else if (sign === '`') {
        at += 1;
        before = ')';
        return close();
      } else if (sign === '$' && text[at + 1] === '{') {
        at += 2;
        before = '{';
        return open(true);
      }
    }
  };

  while (at < text.length) {
    if (total + elses > 1) return isUncertain ? 'uncertain' : 'deep';
    const sign = text[at] ?? '';
    const code = text.charCodeAt(at);
    if (code <= 32) {
      at += 1;
    } else if (isWordSign(code)) {
      let end = at + 1;
      while (isWordSign(text.charCodeAt(end))) end += 1;
      const word = text.slice(at, end);
      if (word === 'else') elses += cost.else;
      else if (linking.has(word)) add(cost.link);
      before = word;
      at = end;
    } else if (sign === '"' || sign === "'") {
      const end = endOfString(text, at, sign);
      // Between tags a quote is a sign like any other.
      if (end < 0) isUncertain = true;
      else if (mayHaveTags && !'=([{,:+?&|'.includes(before)) {
        isUncertain ||= /[{}<>"'`]/.test(text.slice(at + 1, end - 1));
      }
      at = end < 0 ? at + 1 : end;
      before = ')';
    } else if (sign === '`') {
      at += 1;
      open(false);
      readTemplate();
    } else if (sign === '/' && (text[at + 1] === '/' || text[at + 1] === '*')) {
      if (mayHaveTags && (before === ':' || before === '>')) isUncertain = true;
      const isLine = text[at + 1] === '/';
      const end = isLine ? endOfLine(text, at) : text.indexOf('*/', at + 2) + 2;
      at = end < 2 ? text.length : end;
    } else if (sign === '/') {
      const end = endOfRegex(text, at);
      const isSure =
        before === '' || beforeRegex.has(before) || '([{,;:=&|?~^%*+-<'.includes(before);
      const isTag = before === '<';
      if (isTag || end < 0) at += 1;
      else if (isSure) at = end;
      else {
        // Read either way it often comes to the same.
        if (!isHarmless(text.slice(at + 1, end - 1))) isUncertain = true;
        at += 1;
      }
      before = isSure && !isTag ? ')' : '/';
      add(cost.operator);
    } else {
      if ('([{'.includes(sign)) open(false);
      else if (')]}'.includes(sign)) {
        const wasTemplate = isTemplate && sign === '}';
        close();
        if (wasTemplate) {
          at += 1;
          readTemplate();
          continue;
        }
      } else if (sign === ';' || sign === ',') {
        total -= chain;
        chain = 0;
        if (sign === ';') {
          total -= angles;
          angles = 0;
        }
      } else if (sign === '<') {
        angles += cost.link;
        total += cost.link;
        if (text.startsWith('<!--', at)) isUncertain = true;
      } else if (sign === '?' && (text[at + 1] === '?' || text[at + 1] === '.')) {
        add(cost.operator);
        at += 1;
      } else add('=?:@'.includes(sign) ? cost.link : cost.operator);
      // After `x++` and `x!` a `/` divides, after `++` and `!` it does not.
      const isAmbiguous = sign === '!' || (before === sign && (sign === '+' || sign === '-'));
      before = isAmbiguous ? '}' : sign;
      at += 1;
    }
  }
  return isUncertain ? 'uncertain' : 'shallow';
}

function isWordSign(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    code === 36 ||
    code > 127
  );
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}

function endOfString(text: string, start: number, quote: string): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === quote) return at + 1;
    else if (text[at] === '\n') return -1;
  }
  return -1;
}

function endOfRegex(text: string, start: number): number {
  let isInClass = false;
  for (let at = start + 1; at < text.length; at++) {
    const sign = text[at];
    if (sign === '\\') at += 1;
    else if (sign === '\n') return -1;
    else if (sign === '[') isInClass = true;
    else if (sign === ']') isInClass = false;
    else if (sign === '/' && !isInClass) return at + 1;
  }
  return -1;
}

/** Nothing in it begins a string or comment, and its brackets match. */
function isHarmless(span: string): boolean {
  if (span.length > 1000 || /["'`/\\]/.test(span)) return false;
  let depth = 0;
  for (const sign of span) {
    if ('([{'.includes(sign)) depth += 1;
    if (')]}'.includes(sign)) depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

/** The cost if nothing that is opened were ever closed. */
function mostPossible(text: string): number {
  let brackets = 0;
  let operators = 0;
  for (let at = 0; at < text.length; at++) {
    const kind = signKinds[text.charCodeAt(at)];
    if (kind === 1) brackets += 1;
    else if (kind === 2) operators += 1;
  }
  const sum = brackets * cost.bracket + operators * cost.operator;
  if (sum >= 1 || sum + (text.length / 3) * cost.link < 1) return sum;
  return sum + (text.match(linkingWords)?.length ?? 0) * cost.link;
}

/** By character code: 1 may nest as a bracket does, 2 is another sign, 0 nests nothing. */
const signKinds = Uint8Array.from({ length: 128 }, (_, code) => {
  if ('([{`<?=:@'.includes(String.fromCharCode(code))) return 1;
  return code > 32 && !isWordSign(code) ? 2 : 0;
});
const linkingWords = new RegExp(`\\b(?:else|${[...linking].join('|')})\\b`, 'g');
