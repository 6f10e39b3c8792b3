/** The oldest API this code works with: that of Docker Engine 20.10. */
const oldest = '1.41';
/** The newest API this code was written against; newer engines still speak it. */
const newest = '1.52';

/**
 * The API version to speak with an engine that offers `offered` and nothing below `minimum`: its
 * newest, but not one newer than known here unless it dropped all that are. `null`: it is too old.
 */
export function negotiateApiVersion(offered: string, minimum: string): string | null {
  if (compare(offered, oldest) < 0) return null;
  if (compare(minimum, newest) > 0) return minimum;
  return compare(offered, newest) < 0 ? offered : newest;
}

function compare(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}
