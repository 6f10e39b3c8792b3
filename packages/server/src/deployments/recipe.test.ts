import { expect, it } from 'vitest';
import { withPort } from './recipe.ts';

it('a start command has its placeholders filled in, wherever they stand', () => {
  const start = ['serve', '--bind', '{HOST}:{PORT}', '--port={PORT}', '{OTHER}'];
  expect(withPort(start, { host: '0.0.0.0', port: 8080 })).toEqual([
    ...['serve', '--bind', '0.0.0.0:8080', '--port=8080', '{OTHER}'],
  ]);
});
