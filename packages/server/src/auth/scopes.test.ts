import { type Scope, scopes } from '@borgos/contracts/endpoint';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { includesScope } from '../caller.ts';
import { commonScopes, refuseMoreThan } from './scopes.ts';

const anyScopes = fc.uniqueArray(fc.constantFrom<Scope>(...scopes));

test('what two have in common is exactly what each of them allows', () => {
  fc.assert(
    fc.property(anyScopes, anyScopes, (some, others) => {
      const common = new Set(commonScopes(some, others));
      for (const scope of scopes) {
        const both = [some, others].every((list) => includesScope(new Set(list), scope));
        expect(includesScope(common, scope)).toBe(both);
      }
    }),
  );
});

test('what can be given is what one has, and reading what one may write', () => {
  refuseMoreThan(['projects:write'], ['projects:write', 'projects:read'], 'The caller');
  expect(() => refuseMoreThan(['projects:read'], ['projects:write'], 'The caller')).toThrow(
    'The caller does not have the scope projects:write and so cannot give it; it has projects:read',
  );
  expect(() => refuseMoreThan([], ['errors:read'], 'The caller')).toThrow('it has none');
});
