const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The number in letters and digits only, filled up with zeros: a double click selects it whole. */
export function toBase62(number: bigint | number, length: number): string {
  let text = '';
  for (let rest = BigInt(number); rest > 0n; rest /= 62n) text = digits[Number(rest % 62n)] + text;
  return text.padStart(length, '0');
}
