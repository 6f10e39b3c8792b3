import { expect, test } from 'vitest';
import { borgosJson, borgosJsonSchema } from './borgos-json.ts';

/** The place and message of the first fault. */
function faultOf(value: unknown): string | undefined {
  const issue = borgosJson.safeParse(value).error?.issues[0];
  return issue && `${issue.path.join('.')}: ${issue.message}`;
}

test('commands are a line, words, or for install and build a list of them', () => {
  for (const build of ['npm run build', ['npm', 'run', 'build'], [['npm', 'ci'], ['make']], []]) {
    expect(faultOf({ build, install: build })).toBeUndefined();
  }
  expect(faultOf({ start: 'node a.js' })).toBeUndefined();
  expect(faultOf({ start: ['node', 'a b.js'] })).toBeUndefined();
});

test.each([
  [{ start: [] }, /^start: must be a command: .*\["node", "server.js"\]/],
  [{ start: '  ' }, /^start: must be a command/],
  [{ start: [['node']] }, /^start: must be a command/],
  [{ build: ['npm ci', 'npm run build'] }, /^build: must be a command.*list of commands in words/],
  [{ install: 5 }, /^install: must be a command/],
  [{ stack: 'cobol' }, /^stack: must be one of dockerfile, node/],
  [{ root: '../other' }, /^root: must be a folder inside of the project/],
  [{ root: '/srv' }, /^root: must be a folder inside of the project/],
  [{ port: 0 }, /^port: must be at least 1/],
  [{ port: '3000' }, /^port: must be a whole number/],
  [{ health_check_path: 'health' }, /^health_check_path: must start with "\/"/],
  [{ environment: { PORT: '1' } }, /^environment: must not set PORT/],
  [{ environment: { A: null } }, /^environment.A: must be a string/],
  [{ environment: { A: '\0' } }, /^environment: must have no NUL/],
  [{ environment: { A: '\ud800' } }, /^environment.A: must be valid Unicode/],
  [{ star: 'x' }, /there is no setting "star": the settings are .*start/],
  [[], /must be an object, such as/],
])('%j is refused with its place and what would be right', (value, fault) => {
  expect(faultOf(value)).toMatch(fault);
});

test('the schema for editors has a description of every setting and refuses others', () => {
  const schema = borgosJsonSchema();
  expect(schema).toMatchObject({
    title: 'borgos.json',
    type: 'object',
    additionalProperties: false,
    properties: { port: { type: 'integer', minimum: 1, maximum: 65535 } },
  });
  for (const property of Object.values(schema.properties as Record<string, object>)) {
    expect(property).toHaveProperty('description');
  }
  expect(schema).not.toHaveProperty('required');
});
