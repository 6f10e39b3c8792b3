import { expect, test } from 'vitest';
import { parseListening } from './proc-net-tcp.ts';

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
