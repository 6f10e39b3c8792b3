import { expect, test } from 'vitest';
import { parseLsof } from './peer-lsof.ts';

const text = `p501
f22
n127.0.0.1:8081->127.0.0.1:54321
p777
f5
n127.0.0.1:54321->127.0.0.1:8082
f6
n127.0.0.1:54321->127.0.0.1:8081
p888
f7
n[::1]:54321->[::1]:8081
`;

test.each([
  ['127.0.0.1', 8081, 777],
  ['::ffff:127.0.0.1', 8081, 777],
  ['::1', 8081, 888],
  ['127.0.0.1', 8083, null],
])('finds who connected from %s to port %i', (host, port, pid) => {
  const ends = { client: { host, port: 54_321 }, server: { host, port } };
  expect(parseLsof(text, ends)).toBe(pid);
});
