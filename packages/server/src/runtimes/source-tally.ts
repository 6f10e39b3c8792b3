import { ReleaseFailure } from '../errors.ts';

/** Counts a source against what a build may have. */
export interface SourceTally {
  readonly bytes: number;
  /** Throws `ReleaseFailure` SOURCE_TOO_LARGE once it is too much. */
  add(path: string, bytes: number): void;
  /** Refuses, like `add`, what a folder with that many more entries would come to. */
  expect(folder: string, entries: number): void;
}

interface Amount {
  entries: number;
  bytes: number;
}

const maximum: Amount = { entries: 100_000, bytes: 1024 ** 3 };

export function createSourceTally(directory: string): SourceTally {
  const total: Amount = { entries: 0, bytes: 0 };
  const byTop = new Map<string, Amount>();

  function amountOf(path: string): Amount {
    const top = path.split('/', 1)[0] || '.';
    const amount = byTop.get(top) ?? { entries: 0, bytes: 0 };
    byTop.set(top, amount);
    return amount;
  }

  function refuse(): never {
    const measure = total.entries > maximum.entries ? 'entries' : 'bytes';
    const [name, amount] = [...byTop].reduce((a, b) => (b[1][measure] > a[1][measure] ? b : a));
    throw new ReleaseFailure(
      'SOURCE_TOO_LARGE',
      `${directory} is more than a build may have (${maximum.entries} entries, ${formatBytes(maximum.bytes)}): counting stopped at ${total.entries} entries and ${formatBytes(total.bytes)}, most of it in ${name} (${amount.entries} entries, ${formatBytes(amount.bytes)}). List what the build does not need in .dockerignore.`,
    );
  }

  function count(amount: Amount, entries: number, bytes: number): void {
    for (const sum of [total, amount]) {
      sum.entries += entries;
      sum.bytes += bytes;
    }
    if (total.entries > maximum.entries || total.bytes > maximum.bytes) refuse();
  }

  return {
    get bytes() {
      return total.bytes;
    },
    add(path, bytes) {
      count(amountOf(path), 1, bytes);
    },
    expect(folder, entries) {
      if (total.entries + entries > maximum.entries) count(amountOf(folder), entries, 0);
    },
  };
}

function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}
