const vowel = '[aeiouy]';
const measure = (stem: string): number => (shapeOf(stem).match(/vc/g) ?? []).length;

/** `v` for each run of vowels, `c` for each run of consonants: `authenticate` is `vcvcvcvcv`. */
function shapeOf(word: string): string {
  let shape = '';
  for (let index = 0; index < word.length; index += 1) {
    const sign = isVowel(word, index) ? 'v' : 'c';
    if (!shape.endsWith(sign)) shape += sign;
  }
  return shape;
}

function isVowel(word: string, index: number): boolean {
  const letter = word[index] ?? '';
  if ('aeiou'.includes(letter)) return letter !== '';
  return letter === 'y' && index > 0 && !isVowel(word, index - 1);
}

function hasVowel(stem: string): boolean {
  return new RegExp(vowel).test(stem.slice(0, 1).replace('y', '') + stem.slice(1));
}

/** Consonant, vowel, consonant other than w, x, y: `hop`, which lost the `e` of `hope`. */
function endsShort(word: string): boolean {
  const last = word.length - 1;
  return (
    last >= 2 &&
    !isVowel(word, last) &&
    isVowel(word, last - 1) &&
    !isVowel(word, last - 2) &&
    !'wxy'.includes(word[last] ?? '')
  );
}

type Rules = readonly (readonly [ending: string, becomes: string])[];

const second: Rules = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['bli', 'ble'],
  ['alli', 'al'],
  ['entli', 'ent'],
  ['eli', 'e'],
  ['ousli', 'ous'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
  ['logi', 'log'],
];
const third: Rules = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
];
const fourth =
  'al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize'.split(' ');

/**
 * The stem of an English word, after Porter's algorithm (1980), so that `authentication` meets
 * `authenticate`. What is not in lower-case letters a to z is left as it is.
 */
export function stem(word: string): string {
  if (word.length < 3 || !/^[a-z]+$/.test(word)) return word;
  let result = withoutPlural(word);
  result = withoutPast(result);
  if (result.endsWith('y') && hasVowel(result.slice(0, -1))) result = `${result.slice(0, -1)}i`;
  result = replaceEnding(result, second);
  result = replaceEnding(result, third);
  result = withoutLongEnding(result);
  return withoutFinal(result);
}

function withoutPlural(word: string): string {
  if (word.endsWith('sses') || word.endsWith('ies')) return word.slice(0, -2);
  return word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;
}

function withoutPast(word: string): string {
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const ending = ['ed', 'ing'].find((end) => word.endsWith(end));
  if (!ending || !hasVowel(word.slice(0, -ending.length))) return word;
  const rest = word.slice(0, -ending.length);
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`;
  if (/([^aeiouylsz])\1$/.test(rest)) return rest.slice(0, -1);
  return measure(rest) === 1 && endsShort(rest) ? `${rest}e` : rest;
}

function replaceEnding(word: string, rules: Rules): string {
  const rule = rules.find(([ending]) => word.endsWith(ending));
  if (!rule) return word;
  const rest = word.slice(0, -rule[0].length);
  return measure(rest) > 0 ? rest + rule[1] : word;
}

function withoutLongEnding(word: string): string {
  const ending = fourth.filter((end) => word.endsWith(end)).sort((a, b) => b.length - a.length)[0];
  if (!ending) return word;
  const rest = word.slice(0, -ending.length);
  if (measure(rest) < 2 || (ending === 'ion' && !/[st]$/.test(rest))) return word;
  return rest;
}

function withoutFinal(word: string): string {
  let result = word;
  if (result.endsWith('e')) {
    const rest = result.slice(0, -1);
    const size = measure(rest);
    if (size > 1 || (size === 1 && !endsShort(rest))) result = rest;
  }
  return result.endsWith('ll') && measure(result.slice(0, -1)) > 1 ? result.slice(0, -1) : result;
}
