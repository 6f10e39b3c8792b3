import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AddressKind, kindOf } from './address-kind.ts';

const kinds: Record<AddressKind, string[]> = {
  public: [
    ...['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
    ...['128.0.0.0', '169.253.255.255', '172.15.255.255', '172.32.0.0', '192.167.255.255'],
    ...['192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255', '168.63.129.17'],
    ...['2606:4700::1111', '2001:200::1', '2003::1', '3ffe::1', '2a00::1'],
    ...['::ffff:8.8.8.8', '::ffff:808:808', '64:ff9b::8.8.8.8', '64:ff9b::808:808'],
  ],
  loopback: [
    ...['127.0.0.1', '127.255.255.255', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'],
    ...['::ffff:7f00:1', '0:0:0:0:0:ffff:7f00:0001', '::FFFF:127.9.9.9', '64:ff9b::127.0.0.1'],
  ],
  private: [
    ...['10.0.0.0', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1'],
    ...['100.64.0.1', '100.100.100.200', '100.127.255.255', 'fc00::1', 'fd00:ec2::254'],
    ...['fdff:ffff::1', 'fec0::1', '::ffff:10.0.0.1', '64:ff9b::c0a8:1'],
  ],
  'link-local': [
    ...['169.254.169.254', '169.254.0.0', 'fe80::1', 'febf::1', 'fe80::1%eth0'],
    ...['::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe'],
  ],
  unspecified: ['0.0.0.0', '0.255.255.255', '::', '::ffff:0.0.0.0'],
  reserved: [
    ...['192.0.0.1', '192.0.0.192', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.19.255.255'],
    ...['198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1'],
    ...['255.255.255.255', '168.63.129.16', '::7f00:1', '::127.0.0.1', '::8.8.8.8'],
    ...['64:ff9b:1::7f00:1', '64:ff9b:1:808::', '2002:7f00:1::', '2002:808:808::1'],
    ...['2001::1', '2001:0:7f00:1::', '2001:db8::1', '3fff::1', '100::1', 'ff02::1', 'ff0e::1'],
    ...['4000::1', '5f00::1', '::ffff:0:7f00:1', '2606:4700::1111%eth0', 'localhost', '', '1.1'],
  ],
};

test.each(Object.entries(kinds).flatMap(([kind, list]) => list.map((address) => [address, kind])))(
  '%s is %s',
  (address, kind) => {
    expect(kindOf(address)).toBe(kind);
  },
);

test('an IPv4 address that is carried in IPv6 is what it is by itself', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const kind = kindOf(address);
      expect(kindOf(`::ffff:${address}`)).toBe(kind);
      // Of 0/8, the prefix of NAT64 leaves nothing that could be reached either.
      if (kind !== 'unspecified') expect(kindOf(`64:ff9b::${address}`)).toBe(kind);
      else expect(kindOf(`64:ff9b::${address}`)).not.toBe('public');
    }),
  );
});
