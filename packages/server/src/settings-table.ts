import { BlockList, isIP } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';

/** Whether an address is this machine only: 127.0.0.0/8, ::1 or `localhost`. */
function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  const family = isIP(host);
  if (family === 0) return false;
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8);
  loopback.addAddress('::1', 'ipv6');
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

const absolutePath = z
  .string()
  .refine((value) => isAbsolute(value), 'must be an absolute path, such as /srv/borgos')
  .transform((value) => resolve(value));

const host = z
  .string()
  .transform((value) => value.replace(/^\[(.*)\]$/, '$1'))
  .refine(
    isLoopback,
    'must be an address of this machine only, such as 127.0.0.1, ::1 or localhost: this version knows no administrator credential yet, so on any other address the whole network could deploy here. Leave it as it is, and reach BorgOS from elsewhere through an SSH tunnel: ssh -L 8081:localhost:8081 <this machine>',
  );

const wholePort = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a whole number from 0 to 65535')
  .transform(Number)
  .refine((value) => value <= 65_535, 'must be a whole number from 0 to 65535');

const databaseUrl = z.string().refine((value) => {
  const protocol = URL.parse(value)?.protocol;
  return protocol === 'postgresql:' || protocol === 'postgres:';
}, 'must be a URL such as postgresql://user:password@host:5432/database (its value is not shown: it can hold a password)');

/** Comma-separated; spaces around items and empty items don't count. */
function listOf<T extends z.ZodType<unknown, string>>(item: T) {
  return z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .pipe(z.array(item));
}

const hostName = z
  .string()
  .toLowerCase()
  .regex(
    /^([a-z0-9]([a-z0-9._-]{0,252}[a-z0-9])?|\[[0-9a-f:.]+\])$/,
    'must hold names without scheme and port, such as borgos.example.com',
  );

const origin = z
  .string()
  .refine((value) => {
    const url = URL.parse(value);
    return /^https?:$/.test(url?.protocol ?? '') && url?.href === `${url?.origin}/`;
  }, 'must hold origins: scheme, name and port without a path, such as https://borgos.example.com')
  .transform((value) => new URL(value).origin);

/**
 * Every setting, under the name of its environment variable. Values come in as text. The help text
 * and the table in README.md are made from what stands here.
 */
export const settingsTable = z.object({
  BORGOS_HOME: absolutePath.meta({
    description:
      'Directory of what BorgOS keeps: database, logs, `config.json`. With `XDG_DATA_HOME` set, by default `borgos` in there.',
    default: '~/.local/share/borgos',
    examples: ['/srv/borgos'],
  }),
  BORGOS_HOST: host.prefault('127.0.0.1').meta({
    description: 'Address the server listens on: `127.0.0.1`, `::1` or `localhost`.',
    examples: ['::1'],
  }),
  BORGOS_PORT: wholePort.prefault('8081').meta({
    description: 'Port the server listens on; `0` takes any free one.',
    examples: ['9000'],
  }),
  DATABASE_URL: databaseUrl.optional().meta({
    description: 'A PostgreSQL to use in place of the one that BorgOS starts itself.',
    examples: ['postgresql://borgos:password@localhost:5432/borgos'],
  }),
  BORGOS_ALLOWED_HOSTS: listOf(hostName)
    .prefault('')
    .meta({
      description: 'Further names in `Host` that are answered, beside those of loopback.',
      examples: ['borgos.example.com'],
    }),
  BORGOS_ALLOWED_ORIGINS: listOf(origin)
    .prefault('')
    .meta({
      description: 'Further websites whose pages may call the API, beside its own.',
      examples: ['https://borgos.example.com'],
    }),
  BORGOS_RUNTIME: z
    .enum(['auto', 'docker', 'process'], 'must be one of auto, docker, process')
    .prefault('auto')
    .meta({
      description:
        'What runs deployments: `docker`, plain processes, or `auto`: Docker where it answers.',
      examples: ['process'],
    }),
  BORGOS_PROJECT_ROOTS: listOf(absolutePath)
    .prefault('')
    .meta({
      description: 'Directories that projects may lie in; without any they may lie anywhere.',
      examples: ['/home/me/code,/srv/projects'],
    }),
  BORGOS_LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'must be one of fatal, error, warn, info, debug, trace, silent',
    )
    .prefault('info')
    .meta({ description: 'The least severe log lines that are written.', examples: ['debug'] }),
});

export type SettingName = keyof typeof settingsTable.shape;

export const settingNames = Object.keys(settingsTable.shape) as SettingName[];

/** Whose values are never shown: not in messages, not in logs. */
export const secretSettings: readonly SettingName[] = ['DATABASE_URL'];

/** `BORGOS_LOG_LEVEL` as `--log-level`. */
export function flagOf(name: SettingName): string {
  return `--${name
    .replace(/^BORGOS_/, '')
    .toLowerCase()
    .replaceAll('_', '-')}`;
}

export interface SettingDescription {
  name: SettingName;
  flag: string;
  description: string;
  default: string;
  example: string;
}

const documentation = z.object({
  description: z.string(),
  default: z.string().optional(),
  examples: z.tuple([z.string()]),
});

/** What a person needs to know of each setting. */
export function describeSettings(): SettingDescription[] {
  return settingNames.map((name) => {
    const schema = settingsTable.shape[name];
    const documented = documentation.parse(schema.meta());
    const fallback = 'defaultValue' in schema.def ? String(schema.def.defaultValue) : '';
    return {
      name,
      flag: flagOf(name),
      description: documented.description,
      default: documented.default ?? (fallback || 'none'),
      example: documented.examples[0],
    };
  });
}
