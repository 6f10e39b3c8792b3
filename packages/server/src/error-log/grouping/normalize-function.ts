const longestName = 300;

/** What frames are called whose function has no name. */
const nameless =
  /^(?:<module>|<lambda>|<main>|\{main\}|\{closure\}|<anonymous>|anonymous|global code|eval code|eval|\?|<unknown>|<top \(required\)>)?$/;

/**
 * The name of a function without what another build or another run would change: addresses, hashes,
 * numbers of lambdas and anonymous classes, type arguments. Null when nothing is left.
 */
export function normalizeFunction(name: string): string | null {
  const cut = name.slice(0, longestName).trim();
  // Most names are plain.
  if (/^[A-Za-z]+(?:[._:#>-]+[A-Za-z]+)*$/.test(cut) && !cut.includes('__')) return cut;
  const steady = withoutTypeArguments(cut.includes('__') ? compiledNames(cut) : cut)
    .replace(/ \[as [^\]]*\]$/, '')
    .replace(/^(?:async\*|promise callback\*)/, '')
    .replace(/^(?:block|rescue|ensure)(?: \(\d+ levels\))? in (?:.* in )?/, '')
    .replace(/::h[0-9a-f]{16}$/, '')
    .replace(/\{+closure[^}]*\}+/g, '{closure}')
    .replace(/@anonymous.*$/s, '@anonymous')
    .replace(/\/0x[0-9a-f]+|\/\d+(?=\.)|\$\$[0-9a-f]{6,}/g, '')
    .replace(/\$\d+|(?<=\$Proxy|MethodAccessor|\$\$Lambda)\d+/g, (part) =>
      part.startsWith('$') ? '$' : '',
    )
    .replace(/\.(func|gowrap|deferwrap)\d+/g, '.$1')
    .replace(/(?:\.\d+)+$|(?:\/<)+$/, '')
    .replace(/0x[0-9a-f]+|_*\d{4,}(?:_\d+)?/g, '')
    .replace(/\$+$/, '');
  return steady === '' || /(?:^|\.)<anonymous>$/.test(steady) ? null : steady;
}

/** Whether a name tells one function from another. */
export function isTelling(name: string | null): boolean {
  return name !== null && !nameless.test(name);
}

/** What C# makes of `async` methods, lambdas and local functions. */
function compiledNames(name: string): string {
  return name
    .replace(/<>c(?:__DisplayClass[\d_]+)?(?:`\d+)?\./g, '')
    .replace(/<+([\w.]+)>+b__[\d_]+>?(?:d(?:\.MoveNext)?)?/g, '$1')
    .replace(/<([\w.]+)>d__\d+(?:`\d+)?(?:\.MoveNext)?/g, '$1')
    .replace(/<([\w.]+)>g__(\w+)\|[\d_]+(?:>d\.MoveNext)?/g, '$1.$2');
}

/** Brackets after a word, or after `::`, are type arguments; others, as of `<main>`, are a name. */
function withoutTypeArguments(name: string): string {
  const plain = name.replace(/`\d+/g, '');
  if (!/[\w:][<[]/.test(plain)) return plain;
  let kept = '';
  let depth = 0;
  for (const [at, character] of [...plain].entries()) {
    if (depth > 0) {
      if (character === '<' || character === '[') depth += 1;
      else if (character === '>' || character === ']') depth -= 1;
    } else if ((character === '<' || character === '[') && at > 0 && /[\w:]$/.test(kept)) {
      depth = 1;
    } else {
      kept += character;
    }
  }
  return depth === 0 ? kept.replace(/::(?=::|$)/g, '') : plain;
}
