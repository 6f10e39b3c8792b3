import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** A proxy sets one of these, so the real caller may be anywhere although the peer is loopback. */
const forwardingHeaders = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fly-client-ip',
]);

export function isForwarded(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) {
    if (name.startsWith('x-forwarded') || forwardingHeaders.has(name)) return true;
  }
  return false;
}

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:::1$|127\.)/.test(address);
}

/**
 * Tells where requests come from: the socket's other end, or, when that is a trusted proxy, the last
 * address of `X-Forwarded-For` that is none.
 * @param trustedProxies addresses and CIDR ranges
 */
export function createAddressOf(trustedProxies: readonly string[]) {
  const trusted = new BlockList();
  for (const range of trustedProxies) {
    const [address = '', bits] = range.split('/');
    const family = familyOf(address);
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, familyOf(address));

  return (peer: string | undefined, headers: IncomingHttpHeaders): string => {
    const address = plainAddress(peer ?? '');
    const forwarded = headers['x-forwarded-for'];
    if (forwarded === undefined || !isTrusted(address)) return address;
    const hops = [forwarded].flat().join(',').split(',');
    for (const hop of hops.toReversed()) {
      const name = plainAddress(hop.trim());
      // What is no address was not written by a proxy that can be trusted.
      if (isIP(name) === 0) return address;
      if (!isTrusted(name)) return name;
    }
    return address;
  };
}

/** Whose requests count together: an IPv4 address, or the 64 bits of IPv6 that one customer gets. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

/** An IPv4 address that came over IPv6, as such. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
