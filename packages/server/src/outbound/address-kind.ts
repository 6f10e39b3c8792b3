import { BlockList, isIP } from 'node:net';

/** `public` is what everybody on the internet can reach; every other kind is somebody's own. */
export type AddressKind =
  | 'public'
  | 'loopback'
  | 'private'
  | 'link-local'
  | 'unspecified'
  | 'reserved';

type Range = readonly [network: string, bits: number, kind: AddressKind];

/** The special-purpose registry of IANA, and where clouds tell machines their secrets. */
const ipv4Ranges: readonly Range[] = [
  ['127.0.0.0', 8, 'loopback'],
  ['0.0.0.0', 8, 'unspecified'],
  ['10.0.0.0', 8, 'private'],
  // Between a provider and its customers; the metadata of Alibaba Cloud.
  ['100.64.0.0', 10, 'private'],
  // The metadata of nearly every cloud.
  ['169.254.0.0', 16, 'link-local'],
  ['172.16.0.0', 12, 'private'],
  ['192.168.0.0', 16, 'private'],
  // Also the metadata of Oracle Cloud.
  ['192.0.0.0', 24, 'reserved'],
  ['192.0.2.0', 24, 'reserved'],
  ['192.88.99.0', 24, 'reserved'],
  ['198.18.0.0', 15, 'reserved'],
  ['198.51.100.0', 24, 'reserved'],
  ['203.0.113.0', 24, 'reserved'],
  // Looks public, but is the host under each machine of Azure.
  ['168.63.129.16', 32, 'reserved'],
  // Multicast.
  ['224.0.0.0', 4, 'reserved'],
  // Never given to anybody, and broadcast.
  ['240.0.0.0', 4, 'reserved'],
];

const ipv6Ranges: readonly Range[] = [
  ['::', 128, 'unspecified'],
  ['::1', 128, 'loopback'],
  ['fc00::', 7, 'private'],
  ['fec0::', 10, 'private'],
  ['fe80::', 10, 'link-local'],
  // For protocols, Teredo among them, which ends at any IPv4 address.
  ['2001::', 23, 'reserved'],
  ['2001:db8::', 32, 'reserved'],
  // 6to4 ends at any IPv4 address, too.
  ['2002::', 16, 'reserved'],
  ['3fff::', 20, 'reserved'],
  // All that is given out. What is outside of it, and not named above, is reserved.
  ['2000::', 3, 'public'],
];

/** Mapped IPv4, and the prefix under which IPv6-only networks reach it. */
const embedded = /^(?:::ffff|64:ff9b:):([\da-f]{1,4}):([\da-f]{1,4})$/;

const inIpv4 = kindIn(ipv4Ranges, 'ipv4', 'public');
const inIpv6 = kindIn(ipv6Ranges, 'ipv6', 'reserved');

/** What an IP address is for; what is none is `reserved`. Of one that carries IPv4, that counts. */
export function kindOf(address: string): AddressKind {
  const version = isIP(address);
  if (version === 4) return inIpv4(address);
  if (version !== 6) return 'reserved';
  const [plain = '', zone] = address.split('%');
  const ipv4 = ipv4In(plain);
  const kind = ipv4 === undefined ? inIpv6(plain) : inIpv4(ipv4);
  // An interface is named for what is near only.
  return zone !== undefined && kind === 'public' ? 'reserved' : kind;
}

function kindIn(ranges: readonly Range[], family: 'ipv4' | 'ipv6', rest: AddressKind) {
  const lists = ranges.map(([network, bits, kind]) => {
    const list = new BlockList();
    list.addSubnet(network, bits, family);
    return { list, kind };
  });
  return (address: string): AddressKind =>
    lists.find(({ list }) => list.check(address, family))?.kind ?? rest;
}

function ipv4In(ipv6: string): string | undefined {
  // One spelling of the many that the same address has.
  const groups = embedded.exec(new URL(`http://[${ipv6}]`).hostname.slice(1, -1));
  if (!groups) return undefined;
  const [high = 0, low = 0] = groups.slice(1).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
