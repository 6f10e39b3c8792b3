import { BlockList, isIP } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import { printable } from '@borgos/contracts/fields';
import { z } from 'zod';

/** Whether an address is this machine only: 127.0.0.0/8, ::1 or `localhost`. */
export function isLoopback(host: string): boolean {
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
    (value) => isLoopback(value) || isIP(value) !== 0,
    'must be an address of this machine, such as 127.0.0.1, ::1, localhost, or 0.0.0.0 for all',
  );

/** An address, or a range of them as `10.0.0.0/8`. */
const addressRange = z.string().refine((value) => {
  const [address = '', bits, ...more] = value.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}, 'must hold IP addresses or ranges, such as 10.0.0.7 or 10.0.0.0/8');

const administratorPassword = z
  .string()
  .min(12, 'must have at least 12 characters (its value is not shown)')
  .max(256, 'must have at most 256 characters (its value is not shown)')
  .regex(printable, 'must have no control characters (its value is not shown)');

const rateLimit = z
  .string()
  .regex(
    /^(?:off|[1-9]\d{0,6}\/[1-9]\d{0,6})$/,
    'must be requests a minute / burst, such as 60/100, or off',
  )
  .transform((value) => {
    if (value === 'off') return null;
    const [perMinute = 0, burst = 0] = value.split('/').map(Number);
    return { perMinute, burst };
  });

const wholePort = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a whole number from 0 to 65535')
  .transform(Number)
  .refine((value) => value <= 65_535, 'must be a whole number from 0 to 65535');

const sharedPort = wholePort.refine((value) => value > 0, 'must be a whole number from 1 to 65535');

const secureUrl = z
  .string()
  .refine((value) => URL.parse(value)?.protocol === 'https:', 'must be a URL with https');

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

/** `host:port`, an IPv6 host in brackets. */
const receiver = z
  .string()
  .toLowerCase()
  .regex(
    /^(?:[a-z0-9]([a-z0-9._-]{0,252}[a-z0-9])?|\[[0-9a-f:.]+\]):[1-9]\d{0,4}$/,
    'must hold host:port, such as hooks.internal:8443, 127.0.0.1:9000 or [::1]:9000',
  );

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

/** Of another program that is asked by HTTP. */
const serviceUrl = z
  .string()
  .refine((value) => {
    const url = URL.parse(value);
    return (
      url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
    );
  }, 'must be a URL such as http://localhost:6070, without a user and password in it (its value is not shown)')
  .transform((value) => value.replace(/\/+$/, ''));

const modelName = z.string().max(200).regex(printable, 'must have no control characters');

/** Whoever can read the settings may log in there: its value is never shown. */
const agentZeroUrl = z
  .string()
  .refine(
    (value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ''),
    'must be a URL such as http://192.168.1.20:50001 (its value is not shown: it can hold a password)',
  )
  .transform((value) => value.replace(/\/+$/, ''));

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
    description:
      'Address that the server and what is deployed listen on. Any other than `127.0.0.1`, `::1` or `localhost` needs an administrator first.',
    examples: ['0.0.0.0'],
  }),
  BORGOS_PORT: wholePort.prefault('8081').meta({
    description: 'Port the server listens on; `0` takes any free one.',
    examples: ['9000'],
  }),
  BORGOS_HTTP_PORT: sharedPort.optional().meta({
    description:
      'Port on which deployments are visited under their domains; without it there are none. Visitors look for them on `80`.',
    examples: ['80'],
  }),
  BORGOS_HTTPS_PORT: sharedPort.optional().meta({
    description: 'The same within TLS, for domains that have a certificate.',
    examples: ['443'],
  }),
  BORGOS_ACME_EMAIL: z
    .email('must be a mail address')
    .max(254)
    .optional()
    .meta({
      description:
        'Has certificates ordered for domains, in the name of this mail address; it agrees to the terms of who issues them. Needs both ports.',
      examples: ['you@example.com'],
    }),
  BORGOS_ACME_DIRECTORY: secureUrl.prefault('https://acme-v02.api.letsencrypt.org/directory').meta({
    description: 'Where certificates are ordered: the directory of an ACME server.',
    examples: ['https://acme-staging-v02.api.letsencrypt.org/directory'],
  }),
  BORGOS_ACME_CA: absolutePath.optional().meta({
    description: 'File of certificates, as PEM, by which an ACME server of your own is trusted.',
    examples: ['/etc/ssl/acme-ca.pem'],
  }),
  DATABASE_URL: databaseUrl.optional().meta({
    description: 'A PostgreSQL to use in place of the one that BorgOS starts itself.',
    examples: ['postgresql://borgos:password@localhost:5432/borgos'],
  }),
  BORGOS_AUTH: z
    .enum(['local', 'required'], 'must be local or required')
    .prefault('local')
    .meta({
      description:
        '`local`: who calls from this machine needs no credential; `required`: everybody needs one.',
      examples: ['required'],
    }),
  BORGOS_ADMIN_PASSWORD: administratorPassword.optional().meta({
    description:
      'Makes the user `admin` with this password, if there is no administrator yet. At least 12 characters.',
    examples: ['correct-horse-battery'],
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
  BORGOS_TRUSTED_PROXIES: listOf(addressRange)
    .prefault('')
    .meta({
      description:
        'Reverse proxies, by address or range, whose `X-Forwarded-For` tells where a request came from.',
      examples: ['127.0.0.1,10.0.0.0/8'],
    }),
  BORGOS_RATE_LIMIT: rateLimit.prefault('60/100').meta({
    description: 'Requests a minute / at once, for each token or address; or `off`.',
    examples: ['600/1000'],
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
  BORGOS_WEBHOOK_ALLOW: listOf(receiver)
    .prefault('')
    .meta({
      description:
        'Receivers of webhooks, as host:port, that may be on this machine or in a private network.',
      examples: ['127.0.0.1:9000,hooks.internal:8443'],
    }),
  BORGOS_MCP_ALLOW: listOf(receiver)
    .prefault('')
    .meta({
      description:
        'MCP servers, as host:port, that may be on this machine or in a private network.',
      examples: ['127.0.0.1:3001,tools.internal:8443'],
    }),
  BORGOS_AUTO_SCAN: z
    .enum(['on', 'off'], 'must be on or off')
    .prefault('on')
    .meta({
      description:
        '`on`: a project that was scanned once is scanned again when its files change, and once a day.',
      examples: ['off'],
    }),
  ZENITH_PATH: z
    .string()
    // As in PATH, or as in the other lists; a folder's own name may have both in it.
    .transform((value) =>
      value
        .split(/[:,]\s*(?=\/)/)
        .map((folder) => folder.trim().replace(/[:,\s]+$/, ''))
        .filter((folder) => folder !== ''),
    )
    .pipe(z.array(absolutePath))
    .prefault('/opt/zenith-coder')
    .meta({
      description: 'Where Zenith Coder keeps its projects; several are separated by `:`.',
      examples: ['/home/me/zenith-coder'],
    }),
  BORGOS_LLM_URL: serviceUrl.optional().meta({
    description:
      'A server of language models that speaks as OpenAI does, Ollama too; with or without `/v1`.',
    examples: ['http://localhost:11434/v1'],
  }),
  BORGOS_LLM_API_KEY: z
    .string()
    .max(1_000, 'must have at most 1000 characters (its value is not shown)')
    .regex(/^[!-~]+$/, 'must be printable ASCII without spaces (its value is not shown)')
    .optional()
    .meta({
      description: 'The key for `BORGOS_LLM_URL`, if it needs one.',
      examples: ['sk-0123456789'],
    }),
  BORGOS_LLM_MODEL: modelName.optional().meta({
    description:
      'A model of `BORGOS_LLM_URL` that can call tools: it answers questions in plain language (`POST /api/v1/mcp/query`).',
    examples: ['gpt-4o-mini'],
  }),
  BORGOS_EMBEDDING_MODEL: modelName.optional().meta({
    description:
      'A model of `BORGOS_LLM_URL` that makes embeddings: results of a search are then compared by their meaning, too.',
    examples: ['nomic-embed-text'],
  }),
  BORGOS_AGENT_ZERO_DIR: absolutePath.optional().meta({
    description: 'Where Agent Zero is installed: the directory that has `run_ui.py` in it.',
    examples: ['/srv/agent-zero'],
  }),
  BORGOS_AGENT_ZERO_IMAGE: z
    .string()
    .max(300)
    .regex(
      /^[a-z0-9][\w./:@-]*$/,
      'must be the name of an image, such as agent0ai/agent-zero or agent0ai/agent-zero:v1.7',
    )
    .optional()
    .meta({
      description:
        'Runs Agent Zero as a container of this image, which `docker pull` must have brought; what it keeps is in `usr` of `BORGOS_AGENT_ZERO_DIR`, by default `agent-zero` in `BORGOS_HOME`.',
      examples: ['agent0ai/agent-zero'],
    }),
  BORGOS_AGENT_ZERO_PORT: wholePort
    .refine((value) => value > 0, 'must be a whole number from 1 to 65535')
    .prefault('8085')
    .meta({ description: 'Port that Agent Zero is started on.', examples: ['5000'] }),
  BORGOS_AGENT_ZERO_URL: agentZeroUrl.optional().meta({
    description:
      'An Agent Zero that runs elsewhere, and is neither started nor stopped by BorgOS; with the user and password of its page, if it has them.',
    examples: ['http://192.168.1.20:50001'],
  }),
  BORGOS_AGENT_ZERO_PYTHON: absolutePath.optional().meta({
    description:
      'The interpreter that runs Agent Zero, Python 3.12 or newer. By default that of `.venv` or `venv` in its directory.',
    default: '.venv/bin/python',
    examples: ['/usr/bin/python3.12'],
  }),
  BORGOS_ZOEKT_URL: serviceUrl.optional().meta({
    description:
      'A `zoekt-webserver -rpc` that searches code in place of the index of BorgOS. Its repositories are called as projects or their folders are.',
    examples: ['http://localhost:6070'],
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
export const secretSettings: readonly SettingName[] = [
  'DATABASE_URL',
  'BORGOS_ADMIN_PASSWORD',
  'BORGOS_LLM_URL',
  'BORGOS_LLM_API_KEY',
  'BORGOS_AGENT_ZERO_URL',
  'BORGOS_ZOEKT_URL',
];

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
