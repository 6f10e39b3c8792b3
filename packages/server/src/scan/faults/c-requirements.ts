import { matchBrackets } from './c-reader.ts';
import type { Token } from './c-tokens.ts';

/** The tokens with `true` for each `requires { … }` of C++, whose braces have rules of their own. */
export function withoutRequirements(tokens: readonly Token[]): readonly Token[] {
  if (!tokens.some(({ text }) => text === 'requires')) return tokens;
  const { partners } = matchBrackets(tokens);
  const kept: Token[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    if (!token) continue;
    const end = token.text === 'requires' ? endOfRequirement(tokens, partners, index) : undefined;
    if (end === undefined) kept.push(token);
    else {
      kept.push({ ...token, text: 'true' });
      index = end;
    }
  }
  return kept;
}

function endOfRequirement(
  tokens: readonly Token[],
  partners: readonly (number | undefined)[],
  index: number,
): number | undefined {
  let at = index + 1;
  if (tokens[at]?.text === '(') at = (partners[at] ?? tokens.length) + 1;
  return tokens[at]?.text === '{' ? partners[at] : undefined;
}
