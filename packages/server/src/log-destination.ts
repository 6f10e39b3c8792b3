import { write, writeSync } from 'node:fs';

const retryMs = 1_000;
const inFlightMs = 100;
/** Some thousands of lines; what comes while even more waits is dropped. */
const mostWaiting = 1024 ** 2;

/**
 * Where log lines go: a descriptor that may be a slow terminal, a pipe that nobody reads, or a file
 * on a full disk. None of these holds the server up or ends it: lines wait, are written when that
 * is possible again, and are dropped beyond a bound. What waits when the process ends is tried once.
 */
export function createLogDestination(descriptor: number): { write(line: string): void } {
  let unwritten = Buffer.alloc(0);
  let lines = '';
  let busy = false;
  let inFlight = false;

  function writeOn(): void {
    if (busy) return;
    if (unwritten.length === 0) {
      unwritten = Buffer.from(lines);
      lines = '';
    }
    if (unwritten.length === 0) return;
    busy = true;
    inFlight = true;
    write(descriptor, unwritten, (error, written) => {
      inFlight = false;
      if (error) {
        setTimeout(done, retryMs).unref();
        return;
      }
      unwritten = unwritten.subarray(written);
      done();
    });
  }

  function done(): void {
    busy = false;
    writeOn();
  }

  process.once('exit', () => {
    try {
      // What is in flight is ended by the system before the process is, but not before what is
      // written here: another thread does it, which gets a moment.
      if (inFlight) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, inFlightMs);
      const rest = Buffer.concat([inFlight ? Buffer.alloc(0) : unwritten, Buffer.from(lines)]);
      if (rest.length > 0) writeSync(descriptor, rest);
    } catch {
      // It was tried; to try again would keep the process from ending.
    }
  });

  return {
    write(line) {
      if (lines.length + line.length > mostWaiting) return;
      lines += line;
      writeOn();
    },
  };
}
