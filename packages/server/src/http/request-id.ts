import { randomBytes } from 'node:crypto';

/**
 * Makes request ids such as `req_3kf9x2qa7b1c`: unique over all starts of the server, as each has
 * a random prefix, and cheap, as the rest is a counter.
 */
export function createRequestIds(): () => string {
  const boot = randomBytes(5).readUIntBE(0, 5).toString(36).padStart(8, '0');
  let count = 0;
  return () => {
    count += 1;
    return `req_${boot}${count.toString(36).padStart(4, '0')}`;
  };
}
