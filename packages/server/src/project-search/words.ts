/** Names that would fall apart into something else. */
const spellings: readonly [RegExp, string][] = [
  [/(?<![\p{L}\p{N}])c\+\+/giu, ' cpp '],
  [/(?<![\p{L}\p{N}])([cf])#/giu, ' $1sharp '],
  [/(?<![\p{L}\p{N}])\.net\b/giu, ' dotnet '],
  [/(?<=\p{L})\.js\b/giu, 'js'],
];

const mostWord = 40;

/** Words in lower case and without accents, in their order. */
export function wordsOf(text: string): string[] {
  let plain = text.normalize('NFKD').replace(/\p{M}+/gu, '');
  for (const [pattern, spelling] of spellings) plain = plain.replace(pattern, spelling);
  return (plain.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map((word) =>
    word.slice(0, mostWord),
  );
}

/** The words of a name such as `MyWebApp2` or `my-web_app`, and the whole of it in one. */
export function wordsOfName(name: string): string[] {
  const parted = name
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2');
  const words = wordsOf(parted);
  const whole = words.join('');
  return words.length > 1 && whole.length <= mostWord ? [...words, whole] : words;
}

/** The part of an English word that its forms have in common; other words stay as they are. */
export function stemOf(word: string): string {
  if (word.length < 4 || !/^[a-z]+$/.test(word)) return word;
  let stem = word;
  if (stem.endsWith('ies') && stem.length > 4) stem = `${stem.slice(0, -3)}y`;
  else if (/(?:[sx]|ch|sh)es$/.test(stem)) stem = stem.slice(0, -2);
  else if (/[^sui]s$/.test(stem)) stem = stem.slice(0, -1);
  const bare = /^(.*[aeiouy].*?)(?:ing|ers?|ed)$/.exec(stem)?.[1];
  if (bare !== undefined && bare.length >= 3) stem = bare.replace(/([^aeiouyls])\1$/, '$1');
  return stem.length > 3 ? stem.replace(/e$/, '') : stem;
}

const stopWords = new Set(
  'a an and are as at be by can do does for from has have i in is it its me my of on or our some that the their this to uses using was we what where which who with written'.split(
    ' ',
  ),
);
/** Nearly every project is one, so that they tell little. */
const weakWords = new Set(
  'app apps application applications program project projects code repo repository software stuff thing things'.split(
    ' ',
  ),
);
const mostWords = 16;

export interface QueryWord {
  word: string;
  /** 0 to 1: how much it tells. */
  weight: number;
}

/** The words of a query that are looked for, each once. */
export function queryWords(query: string): QueryWord[] {
  const all = [...new Set(wordsOfQuery(query))];
  const telling = all.filter((word) => !stopWords.has(word));
  return (telling.length > 0 ? telling : all)
    .slice(0, mostWords)
    .map((word) => ({ word, weight: weakWords.has(word) ? 0.3 : 1 }));
}

/** As a name, since names are what is remembered, but without the whole in one. */
function wordsOfQuery(query: string): string[] {
  return query.split(/\s+/).flatMap((part) => {
    const words = wordsOfName(part);
    return words.length > 1 ? words.slice(0, -1) : words;
  });
}
