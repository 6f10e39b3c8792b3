import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAddressOf, isForwarded, isLoopback, networkOf } from './peer-address.ts';

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['::1234', false],
  ['172.17.0.2', false],
  ['1127.0.0.1', false],
  [undefined, false],
])('%s is loopback: %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});

test.each([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
])('the header %s says that a request was forwarded', (name) => {
  expect(isForwarded({ host: 'localhost', [name]: '' })).toBe(true);
});

test('the headers of the documented clients say nothing of the kind', () => {
  const headers = { host: 'localhost', 'user-agent': 'curl/8', accept: '*/*', connection: 'close' };
  expect(isForwarded(headers)).toBe(false);
});

describe('a request comes from', () => {
  const addressOf = createAddressOf(['10.0.0.0/8', '127.0.0.1', 'fd00::/8']);
  const from = (peer: string, forwarded?: string) =>
    addressOf(peer, forwarded === undefined ? {} : { 'x-forwarded-for': forwarded });

  test.each([
    ['the other end of its socket', '203.0.113.7', undefined, '203.0.113.7'],
    ['an IPv4 address that came over IPv6', '::ffff:203.0.113.7', undefined, '203.0.113.7'],
    ['the peer, whatever one that is not trusted says', '203.0.113.7', '1.1.1.1', '203.0.113.7'],
    ['who a trusted proxy names', '127.0.0.1', '198.51.100.2', '198.51.100.2'],
    ['the last who is no proxy', '10.1.1.1', '6.6.6.6, 198.51.100.2, 10.2.2.2', '198.51.100.2'],
    ['the proxy itself, when nobody else is named', '10.1.1.1', '10.2.2.2', '10.1.1.1'],
    ['the proxy, when the name is no address', '10.1.1.1', 'unknown', '10.1.1.1'],
    ['who is named over IPv6', 'fd00::1', '2001:db8::5', '2001:db8::5'],
  ])('%s', (_what, peer, forwarded, expected) => {
    expect(from(peer, forwarded)).toBe(expected);
  });
});

describe('requests count together', () => {
  test.each([
    ['of one IPv4 address', '203.0.113.7', '203.0.113.7'],
    ['of the 64 bits of IPv6 that one customer gets', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['however the address is written', '2001:0db8:0001:0002::1', '2001:db8:1:2::/64'],
    ['of a shortened address', '2001:db8::1', '2001:db8:0:0::/64'],
    ['of loopback', '::1', '0:0:0:0::/64'],
  ])('%s', (_what, address, expected) => {
    expect(networkOf(address)).toBe(expected);
  });

  test('for any two addresses that share their first 64 bits, and for no others', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    const write = (parts: number[]) => parts.map((part) => part.toString(16)).join(':');
    const property = fc.property(groups, groups, (one, other) => {
      const neighbour = [...one.slice(0, 4), ...other.slice(4)];
      expect(networkOf(write(neighbour))).toBe(networkOf(write(one)));
      const same = one.slice(0, 4).join() === other.slice(0, 4).join();
      expect(networkOf(write(other)) === networkOf(write(one))).toBe(same);
    });
    fc.assert(property);
  });
});
