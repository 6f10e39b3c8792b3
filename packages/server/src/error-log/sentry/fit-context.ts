import { storable } from '../../errors.ts';
import { cut } from './plain-values.ts';

/** As 32 KB are kept, and scrubbing makes it a little longer. */
const mostBytes = 31 * 1024;
/** For saying what was cut. */
const reservedBytes = 2 * 1024;
const mostDepth = 6;
const mostEntries = 100;
const mostCharacters = 2000;
/** Of all parts together, so that no event of any shape takes long. */
const mostNodes = 5000;

/**
 * Makes a context small enough to be kept: 31 KB as JSON. Earlier parts go before later ones, of a
 * list the newest, which are the last, before the oldest. What is missing is named in `cut`.
 */
export function fitContext(parts: Record<string, unknown>): Record<string, unknown> {
  const context: Record<string, unknown> = {};
  const missing = new Set<string>();
  const budget = { nodes: mostNodes };
  let left = mostBytes - reservedBytes;
  for (const [name, part] of Object.entries(parts)) {
    const small = smaller(part, 1, budget, () => missing.add(name));
    if (small === undefined) continue;
    const fitting = fit(name, small, left - name.length - 4, missing);
    if (fitting === undefined) continue;
    context[name] = fitting;
    left -= sizeOf(fitting) + name.length + 4;
  }
  if (missing.size > 0) context.cut = [...missing].slice(0, 20);
  return context;
}

function fit(name: string, part: unknown, bytes: number, missing: Set<string>): unknown {
  if (sizeOf(part) <= bytes) return part;
  missing.add(name);
  if (Array.isArray(part)) {
    const kept: unknown[] = [];
    let left = bytes - 2;
    for (const entry of part.toReversed()) {
      left -= sizeOf(entry) + 1;
      if (left < 0) break;
      kept.unshift(entry);
    }
    return kept.length > 0 ? kept : undefined;
  }
  if (typeof part !== 'object' || part === null) return undefined;
  const kept: [string, unknown][] = [];
  let left = bytes - 2;
  for (const [key, value] of Object.entries(part)) {
    const room = left - sizeOf(key) - 2;
    const fitting = fit(name, value, room, missing);
    if (fitting === undefined) continue;
    left = room - sizeOf(fitting);
    kept.push([key, fitting]);
  }
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

/** Without what is empty, too deep, too long or too much. */
function smaller(
  value: unknown,
  depth: number,
  budget: { nodes: number },
  onCut: () => void,
): unknown {
  budget.nodes -= 1;
  if (typeof value === 'string') {
    if (value.length > mostCharacters) onCut();
    return storable(cut(value, mostCharacters));
  }
  if (typeof value !== 'object' || value === null) return value;
  const isList = Array.isArray(value);
  if (depth > mostDepth) {
    onCut();
    return isList ? '[…]' : '{…}';
  }
  const entries: [string, unknown][] = [];
  for (const key in value) {
    if (entries.length === mostEntries || budget.nodes <= 0) {
      onCut();
      break;
    }
    const entry = (value as Record<string, unknown>)[key];
    const small = smaller(entry, depth + 1, budget, onCut);
    if (small !== undefined) entries.push([storable(cut(key, 200)), small]);
  }
  if (entries.length === 0 && (depth === 1 || !isList)) return undefined;
  return isList ? entries.map(([, entry]) => entry) : Object.fromEntries(entries);
}

/** In bytes, as JSON. */
function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}
