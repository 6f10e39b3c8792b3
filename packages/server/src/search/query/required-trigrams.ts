/** What a text must have to match: any of `or`, all of `and`, this one trigram; `null`: nothing known. */
export type Requirement = string | { and: Requirement[] } | { or: Requirement[] } | null;

/** More alternatives than this are not looked for one by one. */
const mostAlternatives = 16;
/** Of a long text, some say enough. */
const mostOfText = 12;

/** The trigrams of a text that is looked for as it is, in lower case. */
export function trigramsOfLiteral(literal: string): Requirement {
  // Not only ASCII differs in length when it is lowered: such texts are cut there.
  const runs = literal
    .split(/[^\x20-\x7e\xa0-\uffff]|[\ud800-\udfff]/)
    .map((run) => run.toLowerCase());
  const all = [...new Set(runs.flatMap(trigramsOf))];
  const step = Math.max(1, all.length / mostOfText);
  const some: string[] = [];
  for (let at = 0; at < all.length; at += step) some.push(all[Math.floor(at)] ?? '');
  const last = all.at(-1);
  if (last !== undefined && !some.includes(last)) some.push(last);
  return allOf(some);
}

function trigramsOf(text: string): string[] {
  const found: string[] = [];
  for (let at = 0; at + 3 <= text.length; at += 1) found.push(text.slice(at, at + 3));
  return found;
}

/**
 * The trigrams that every match of a pattern has. Understands literals, groups, alternatives, `+`, `*`,
 * `?`, `{n}`, escapes and classes; about what it does not know it says nothing, which is always right.
 */
export function trigramsOfPattern(pattern: string): Requirement {
  try {
    const reader = new PatternReader(pattern);
    return withText(reader.alternatives());
  } catch (error) {
    if (error instanceof Unknown) return null;
    throw error;
  }
}

/** One trigram that each match has, in lower case; `undefined`: none is sure. */
export function oneRequired(need: Requirement): string | undefined {
  if (need === null || typeof need === 'string') return need ?? undefined;
  if ('or' in need) return undefined;
  for (const part of need.and) {
    const found = oneRequired(part);
    if (found !== undefined) return found;
  }
  return undefined;
}

class Unknown extends Error {
  override name = 'Unknown';
}

/** A part of a pattern: how it ends, if the ways are few, and what it requires besides. */
interface Part {
  exact: string[] | null;
  /** Whether `exact` is all of it, rather than its end. */
  isWhole: boolean;
  needs: Requirement;
}

const empty = wholly(['']);
const anything: Part = { exact: null, isWhole: false, needs: null };

function wholly(exact: string[]): Part {
  return { exact, isWhole: true, needs: null };
}

class PatternReader {
  private at = 0;
  private depth = 0;
  private readonly pattern: string;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  alternatives(): Part {
    this.depth += 1;
    if (this.depth > 50) throw new Unknown();
    const parts = [this.sequence()];
    while (this.peek() === '|') {
      this.at += 1;
      parts.push(this.sequence());
    }
    this.depth -= 1;
    return parts.length === 1 ? (parts[0] ?? empty) : eitherOf(parts);
  }

  private sequence(): Part {
    let whole = empty;
    while (this.at < this.pattern.length && !'|)'.includes(this.peek())) {
      whole = joined(whole, this.repeated(this.atom()));
    }
    return whole;
  }

  private atom(): Part {
    const sign = this.take();
    if (sign === '(') return this.group();
    if (sign === '[') return this.class();
    if (sign === '.') return anything;
    if (sign === '^' || sign === '$') return empty;
    return sign === '\\' ? this.escape() : wholly([sign.toLowerCase()]);
  }

  private group(): Part {
    let isLook = false;
    if (this.peek() === '?') {
      const [head = ''] = /^\?(?:[:=!]|<[=!]|<\w+>)/.exec(this.pattern.slice(this.at)) ?? [];
      if (head === '') throw new Unknown();
      this.at += head.length;
      isLook = /[=!]$/.test(head);
    }
    const inner = this.alternatives();
    if (this.take() !== ')') throw new Unknown();
    return isLook ? empty : inner;
  }

  private class(): Part {
    const signs: string[] = [];
    let isSimple = this.peek() !== '^';
    for (let first = true; first || this.peek() !== ']'; first = false) {
      const sign = this.take();
      if (sign === '') throw new Unknown();
      if (sign === '\\') {
        this.take();
        isSimple = false;
      } else if (sign === '-' || sign === '[' || sign === '&') isSimple = false;
      else if (first && sign === ']') return anything;
      else signs.push(sign.toLowerCase());
    }
    this.take();
    const exact = [...new Set(signs)];
    return isSimple && exact.length > 0 && exact.length <= 4 ? wholly(exact) : anything;
  }

  private escape(): Part {
    const sign = this.take();
    if (/[bB]/.test(sign)) return empty;
    if (/[dDsSwW]/.test(sign)) return anything;
    if (sign === 't') return wholly(['\t']);
    // References, code points and properties: what they stand for is not looked up.
    if (/[\w]/.test(sign)) throw new Unknown();
    return wholly([sign]);
  }

  private repeated(part: Part): Part {
    const [sign = ''] = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/.exec(this.pattern.slice(this.at)) ?? [];
    if (sign === '') return part;
    this.at += sign.length;
    const least = /^\{(\d+)/.exec(sign)?.[1];
    if (sign.startsWith('+') || Number(least ?? 0) > 0) {
      // At least once: what it needs is needed, but where it ends is not known.
      return { exact: null, isWhole: false, needs: withText(part) };
    }
    return sign.startsWith('?') && part.isWhole && part.exact
      ? wholly(['', ...part.exact])
      : anything;
  }

  private peek(): string {
    return this.pattern[this.at] ?? '';
  }

  private take(): string {
    const sign = this.peek();
    this.at += 1;
    return sign;
  }
}

function joined(left: Part, right: Part): Part {
  const ends = right.exact;
  if (left.exact && ends && right.isWhole && left.exact.length * ends.length <= mostAlternatives) {
    const exact = left.exact.flatMap((start) => ends.map((end) => start + end));
    return { exact, isWhole: left.isWhole, needs: allOf([left.needs, right.needs]) };
  }
  const few = ends && ends.length <= mostAlternatives ? ends : null;
  const needs = allOf([withText(left), few ? right.needs : withText(right)]);
  return { exact: few, isWhole: false, needs };
}

function eitherOf(parts: Part[]): Part {
  const exact = parts.flatMap((part) => part.exact ?? []);
  if (parts.every(({ isWhole }) => isWhole) && exact.length <= mostAlternatives)
    return wholly(exact);
  return { exact: null, isWhole: false, needs: anyOf(parts.map(withText)) };
}

/** What a part requires, its exact texts included. */
function withText({ exact, needs }: Part): Requirement {
  return allOf([needs, exact ? anyOf(exact.map((text) => trigramsOfLiteral(text))) : null]);
}

export function allOf(needs: Requirement[]): Requirement {
  const known = needs.filter((need) => need !== null);
  return known.length > 1 ? { and: known } : (known[0] ?? null);
}

function anyOf(needs: Requirement[]): Requirement {
  if (needs.length === 0 || needs.includes(null)) return null;
  return needs.length > 1 ? { or: needs } : (needs[0] ?? null);
}

/** As the MATCH of FTS5 takes it. */
export function matchExpression(need: Exclude<Requirement, null>): string {
  if (typeof need === 'string') return `"${need.replaceAll('"', '""')}"`;
  const isAnd = 'and' in need;
  const parts = (isAnd ? need.and : need.or).filter((part) => part !== null);
  return `(${parts.map(matchExpression).join(isAnd ? ' AND ' : ' OR ')})`;
}
