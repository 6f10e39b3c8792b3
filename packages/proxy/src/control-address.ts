import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** `sockaddr_un.sun_path` without its final zero byte; macOS has the smaller one. */
const LONGEST = process.platform === 'linux' ? 107 : 103;

export interface ControlAddress {
  /** What to listen on or to connect to. */
  path: string;
  /** Call it when the path is no longer used. */
  close(): void;
}

/**
 * Where the control socket of a directory is. A path too long for a socket address is reached
 * through a descriptor of its directory, which Linux allows; elsewhere it is an error.
 */
export function openControlAddress(directory: string): ControlAddress {
  const path = join(directory, 'control.sock');
  if (Buffer.byteLength(path) <= LONGEST) return { path, close: () => {} };
  if (!existsSync('/proc/self/fd')) {
    throw new Error(
      `${path} is too long for a socket: at most ${LONGEST} bytes. Choose a shorter BORGOS_HOME.`,
    );
  }
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  return {
    path: `/proc/self/fd/${descriptor}/control.sock`,
    close: () => closeSync(descriptor),
  };
}
