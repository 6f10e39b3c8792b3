import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildName, instanceName, slug } from './names.ts';

describe('names of what is deployed', () => {
  test('a slug is readable', () => {
    expect(slug('My Project!')).toBe('my-project');
    expect(slug('Ünïcödé')).toBe('unicode');
    expect(slug('日本')).toBe('project');
  });

  test('a slug is a DNS label, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(slug(text)).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
      }),
    );
  });

  test('an instance is named after its project, deployment, BorgOS, revision and start', () => {
    const build = buildName({
      instance: 'ab12cd',
      project: 'My Shop',
      deployment: 'prod',
      deploymentId: 7,
      revision: 3,
    });
    expect(build).toBe('borgos-my-shop-prod-ab12cd-7-r3');
    expect(instanceName(build, 5)).toBe('borgos-my-shop-prod-ab12cd-7-r3-g5');
  });
});
