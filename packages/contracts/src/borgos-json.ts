import { z } from 'zod';
import { reservedVariables } from './deployments.ts';
import { stackNames } from './stack-names.ts';
import { volumeMounts } from './volumes.ts';

const longestWord = 8192;

/** Whichever part of a command is wrong, the fault says what a command looks like. */
function commandParts(fault: string) {
  const word = z
    .string(fault)
    .max(longestWord, `must be shorter than ${longestWord} characters`)
    .refine((text) => !text.includes('\0'), 'must have no NUL character')
    .refine((text) => text.isWellFormed(), 'must be valid Unicode');
  return {
    line: word.regex(/\S/, fault),
    words: z
      .array(word, fault)
      .min(1, fault)
      .max(1000, 'must have at most 1000 words')
      // A program with a space in it is a line that was put into a list by mistake.
      .refine(([program = '']) => /^\S+$/.test(program), fault),
  };
}

const oneCommand =
  'must be a command: as one string, "node server.js", or as its words, ["node", "server.js"]';
const someCommands =
  'must be a command, "npm run build" or ["npm", "run", "build"]; or a list of commands in words, [["npm", "ci"], ["npm", "run", "build"]]; or [] for none';

const one = commandParts(oneCommand);
const command = z.union([one.line, one.words], { error: oneCommand });
const some = commandParts(someCommands);
const list = z.array(some.words, someCommands).max(50, 'must have at most 50 commands');
const commands = z.union([some.line, some.words, list], { error: someCommands });

const variable = z
  .union([z.string(), z.number(), z.boolean()], {
    error: 'must be a string, a number, true or false',
  })
  .refine((value) => String(value).isWellFormed(), 'must be valid Unicode');

const settings = {
  $schema: z.string().optional().meta({ description: 'For editors; BorgOS does not read it.' }),
  stack: z
    .enum(stackNames, { error: `must be one of ${stackNames.join(', ')}` })
    .optional()
    .meta({ description: 'What the project is run as, whatever files lie in it.' }),
  root: z
    .string('must be a string')
    .max(1024)
    .refine(
      (path) => !/^\/|\\|\0/.test(path) && !path.split('/').includes('..'),
      'must be a folder inside of the project, relative to this file and without "..": "apps/web"',
    )
    .optional()
    .meta({
      description: 'The folder of the app, when it is not the one this file lies in.',
      examples: ['apps/web'],
    }),
  install: commands.optional().meta({
    description: 'Instead of the installation that would be found. Needs no shell.',
    examples: ['npm ci', ['npm', 'ci']],
  }),
  build: commands.optional().meta({
    description: 'Instead of the build that would be found; `[]`: there is none.',
    examples: ['npm run build'],
  }),
  start: command.optional().meta({
    description: 'How the app is started. `$PORT` and `$HOST` stand for where it must listen.',
    examples: ['node server.js --port $PORT'],
  }),
  port: z
    .int('must be a whole number from 1 to 65535')
    .min(1, 'must be at least 1')
    .max(65_535, 'must be at most 65535')
    .optional()
    .meta({ description: 'Where the app listens if it does not honour `PORT`.' }),
  health_check_path: z
    .string('must be a string')
    .max(1024)
    .regex(/^\/[!-~]*$/, 'must start with "/" and be ASCII without spaces: "/health"')
    .optional()
    .meta({
      description: 'Must answer 2xx or 3xx. What is asked for at a deploy comes before it.',
    }),
  volumes: volumeMounts.optional(),
  environment: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,255}$/, 'must be letters, digits and "_"'),
      variable,
    )
    .refine((value) => Object.keys(value).length <= 256, 'must have at most 256 variables')
    .refine((value) => !JSON.stringify(value).includes('\\u0000'), 'must have no NUL character')
    .refine((value) => JSON.stringify(value).length <= 262_144, 'must be at most 256 KiB in all')
    .refine(
      (value) => !reservedVariables.some((reserved) => Object.hasOwn(value, reserved)),
      `must not set ${reservedVariables.join(', ')}: BorgOS sets them itself`,
    )
    .optional()
    .meta({
      description:
        'Variables of the app. What is set at a deploy comes before them. No place for secrets: the file lies with the sources.',
    }),
};

/** `borgos.json` in a project's folder: what can't be guessed from its other files. */
export const borgosJson = z
  .strictObject(settings, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `there is no setting ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}: the settings are ${Object.keys(settings).join(', ')}`
        : 'must be an object, such as {"start": "node server.js"}',
  })
  .meta({
    title: 'borgos.json',
    description: 'How BorgOS builds and starts a project, where it can not be told from its files.',
  });

export type BorgosJson = z.output<typeof borgosJson>;

/** The JSON Schema of `borgos.json`, for editors. */
export function borgosJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(borgosJson, { io: 'input' });
}
