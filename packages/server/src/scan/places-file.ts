import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Longer paths are cut. */
const slotBytes = 1_024;

/**
 * Where the threads of a scan are, in a file: when a parser takes the whole process down, only what
 * was given to the system by then is left. Each thread has a slot of its own.
 */
export interface Place {
  note(path: string): void;
}

/** @throws what the file system does. */
export function openPlace(file: string, slot: number): Place {
  const descriptor = openSync(file, 'r+', 0o600);
  const room = Buffer.alloc(slotBytes);
  let length = 0;
  return {
    note(path) {
      room.fill(0, 0, length);
      length = room.write(path, 0, slotBytes - 1);
      writeSync(descriptor, room, 0, slotBytes, slot * slotBytes);
    },
  };
}

export function createPlacesFile(file: string): void {
  closeSync(openSync(file, 'w', 0o600));
}

/** `while it looked at …`, of a process that is gone; `undefined`: it had not come so far. */
export function describePlaces(file: string): string | undefined {
  try {
    const paths = readFileSync(file, 'utf8')
      .split(/\0+/)
      .filter((path) => path !== '');
    return paths.length > 0 ? `while it looked at ${paths.join(' or ')}` : undefined;
  } catch {
    return undefined;
  }
}
