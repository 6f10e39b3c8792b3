/** What every value needs at least, so that it says of what kind it was. */
const least = 2;

/**
 * The value with less in it, so that its JSON has about `budget` bytes at most: what is small stays,
 * long texts and lists lose their ends. The very same value is returned if it fits.
 */
export function shrink(value: unknown, budget: number): unknown {
  if (sizeOf(value) <= budget) return value;
  if (typeof value === 'string') return shortText(value, budget);
  if (Array.isArray(value)) return shortList(value, budget);
  if (typeof value === 'object' && value !== null) return smallObject(value, budget);
  return value;
}

/** Bytes of its JSON. */
export function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}

function shortText(text: string, budget: number): string {
  const bytes = Buffer.from(text).subarray(0, Math.max(0, budget - 5));
  // What was cut in the middle of a character would be shown as one that cannot be read.
  return `${bytes.toString().replace(/\ufffd+$/, '')}…`;
}

function shortList(list: unknown[], budget: number): unknown[] {
  const kept: unknown[] = [];
  let room = budget - least;
  for (const item of list) {
    const size = sizeOf(item) + 1;
    if (size > room) {
      // One that is cut says more than none.
      if (kept.length === 0) kept.push(shrink(item, room - 1));
      break;
    }
    room -= size;
    kept.push(item);
  }
  return kept;
}

/** Each field may have the same share; what the small ones leave goes to the large ones. */
function smallObject(object: object, budget: number): object {
  const fields = Object.entries(object)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, value, size: sizeOf(value) }));
  let room = budget - least - fields.reduce((sum, { name }) => sum + sizeOf(name) + 2, 0);
  const shares = new Map<string, unknown>();
  const bySize = fields.toSorted((a, b) => a.size - b.size);
  for (const [index, { name, value, size }] of bySize.entries()) {
    const share = Math.floor(room / (bySize.length - index));
    const given = size <= share ? value : shrink(value, Math.max(least, share));
    room -= sizeOf(given);
    shares.set(name, given);
  }
  return Object.fromEntries(fields.map(({ name }) => [name, shares.get(name)]));
}
