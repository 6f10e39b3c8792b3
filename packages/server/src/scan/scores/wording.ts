/** One for all, as making one takes longer than using it. */
const format = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });
const mebibyte = 1_048_576;

/** `1 file`, `2,000 files`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${numeral(count)} ${count === 1 ? noun : plural}`;
}

/** With at most two digits after the point. */
export function numeral(value: number): string {
  return format.format(value);
}

/** Of a share from 0 to 1: `12.5 %`. A little is never shown as nothing, nor most as all. */
export function percentage(share: number): string {
  if (share > 0 && share < 0.001) return 'less than 0.1 %';
  if (share > 0.999 && share < 1) return '99.9 %';
  return `${Math.round(share * 1000) / 10} %`;
}

export function bytes(size: number): string {
  if (size >= mebibyte) return `${numeral(Math.round((size / mebibyte) * 10) / 10)} MiB`;
  if (size >= 1024) return `${numeral(Math.round(size / 1024))} KiB`;
  return counted(size, 'byte');
}

/** `a, b and 3 more`. */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most);
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${numeral(rest)} more`;
  return shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}` : shown.join('');
}
