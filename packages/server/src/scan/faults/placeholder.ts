/**
 * The first four characters, which tell which of several it is; of a short one they would tell much.
 */
export function shown(secret: string): string {
  return secret.length < 16 ? '…' : `${secret.slice(0, 4)}…`;
}

const words =
  /example|sample|placeholder|dummy|fake|change[-_ ]?me|your[-_ ]?|redacted|insert|replace|todo|fixme|xxx|\*\*\*|\.\.\.|<[^>]*>|\$\{|\$\(|\{\{|%\(|%s|#\{|\btest|secret[-_]?(?:key|here)|password|passwd|abcdef|123456|deadbeef|lorem|foobar|null|undefined|process\.env|getenv|environ/i;

/** Whether a value only stands where a secret goes: it is a word for one, or too regular for one. */
export function isPlaceholder(value: string): boolean {
  if (words.test(value)) return true;
  // As in AKIAAAAAAAAAAAAAAAAA: five of the same in a row hardly occur by chance.
  if (/(.)\1{4}/.test(value)) return true;
  return entropy(value) < 2.5;
}

/** Bits per character, by how often each occurs; 0 for an empty value. */
export function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const sign of value) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) {
    const share = count / value.length;
    bits -= share * Math.log2(share);
  }
  return bits;
}
