import { expect, test } from 'vitest';
import { endsOf, parseClients, parseListening } from './proc-net-tcp.ts';

test('reads the sockets that listen, and no others', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 26573 1
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 26574 1
   2: 0100007F:0BB8 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 26575 1
`;
  expect(parseListening(table)).toEqual([
    { inode: '26573', listener: { host: '127.0.0.1', port: 3000 } },
    { inode: '26574', listener: { host: '0.0.0.0', port: 8080 } },
  ]);
});

test('reads the addresses of IPv6', () => {
  const line = (address: string) => `0: ${address}:0050 00000000000000000000000000000000:0000 0A`;
  const hosts = [
    '00000000000000000000000000000000',
    '00000000000000000000000001000000',
    '0000000000000000FFFF00000100007F',
    'B80D0120000000000000000001000000',
  ].flatMap((address) => parseListening(line(address)).map(({ listener }) => listener.host));
  expect(hosts).toEqual(['::', '::1', '127.0.0.1', '2001:db8::1']);
});

test('reads the sockets of those who connected to a port, with their users', () => {
  const zeros = '0'.repeat(24);
  const mapped = '0000000000000000FFFF0000';
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 10 1
   1: 0100007F:1F91 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 11 1
   2: 0200007F:D431 0100007F:1F91 01 00000000:00000000 00:00000000 00000000   998        0 12 1
   3: 0100007F:0050 0100007F:1F91 06 00000000:00000000 03:00000E2A 00000000     0        0 0 3 0
   4: 0100007F:D431 0100007F:1F92 01 00000000:00000000 00:00000000 00000000     0        0 13 1
 105: ${zeros}01000000:D432 ${zeros}01000000:1F91 01 00000000:00000000 02:000AFB4D 00000000  1001        0 14 2 0
 106: ${mapped}0100007F:D433 ${mapped}0100007F:1F91 01 00000000:00000000 00:00000000 00000000 65534        0 15 1
`;
  const ends = (host: string, port: number, serverHost = host) =>
    endsOf({ client: { host, port }, server: { host: serverHost, port: 8081 } });
  expect(parseClients(text, 8081)).toEqual([
    { ends: ends('127.0.0.2', 54_321, '127.0.0.1'), inode: '12', uid: 998 },
    { ends: ends('127.0.0.1', 80), inode: '0', uid: 0 },
    { ends: ends('::1', 54_322), inode: '14', uid: 1001 },
    { ends: ends('::ffff:127.0.0.1', 54_323), inode: '15', uid: 65_534 },
  ]);
  expect(ends('::ffff:127.0.0.1', 1)).toBe(ends('127.0.0.1', 1));
});
