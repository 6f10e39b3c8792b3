import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { informationAsked, readSettings, SettingsError, type SettingsSources } from './settings.ts';
import { describeSettings, settingNames } from './settings-table.ts';

const root = mkdtempSync(join(tmpdir(), 'borgos-settings-'));
afterAll(() => rmSync(root, { recursive: true }));

/** Settings from nothing but what is given: never from the environment of the test. */
function read({ env = {}, argv = [] }: SettingsSources) {
  return readSettings({ env: { HOME: join(root, 'nobody'), ...env }, argv });
}

function problemsOf(sources: SettingsSources): string[] {
  try {
    read(sources);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

function homeWithConfig(content: string): string {
  const home = mkdtempSync(join(root, 'home-'));
  writeFileSync(join(home, 'config.json'), content);
  return home;
}

describe('defaults', () => {
  it('need nothing to be set', () => {
    expect(read({})).toEqual({
      agentZero: {
        directory: undefined,
        image: undefined,
        port: 8085,
        url: undefined,
        python: undefined,
      },
      httpPort: null,
      httpsPort: null,
      acme: null,
      home: join(root, 'nobody', '.local', 'share', 'borgos'),
      host: '127.0.0.1',
      port: 8081,
      databaseUrl: undefined,
      auth: 'local',
      adminPassword: undefined,
      allowedHosts: [],
      allowedOrigins: [],
      trustedProxies: [],
      webhookAllow: [],
      mcpAllow: [],
      rateLimit: { perMinute: 60, burst: 100 },
      runtime: 'auto',
      projectRoots: [],
      autoScan: true,
      zenithPath: ['/opt/zenith-coder'],
      logLevel: 'info',
      searchPath: undefined,
      networkEnvironment: {},
      variables: expect.any(Function),
      warnings: [],
    });
  });

  it('put the home under XDG_DATA_HOME, unless that is relative', () => {
    expect(read({ env: { XDG_DATA_HOME: '/data' } }).home).toBe('/data/borgos');
    expect(read({ env: { XDG_DATA_HOME: 'data' } }).home).toContain('.local/share/borgos');
  });
});

describe('precedence', () => {
  const home = homeWithConfig('{"BORGOS_PORT": 7001, "BORGOS_LOG_LEVEL": "warn", "runtime": null}');

  it('is flag, environment, config.json, default', () => {
    const env = { BORGOS_HOME: home, BORGOS_PORT: '7002' };
    expect(read({ env: { BORGOS_HOME: home } }).port).toBe(7001);
    expect(read({ env }).port).toBe(7002);
    expect(read({ env, argv: ['--port', '7003'] }).port).toBe(7003);
    expect(read({ env, argv: ['--port', '7003'] }).logLevel).toBe('warn');
    expect(read({ env }).runtime).toBe('auto');
  });

  it('passes over a source whose value is empty', () => {
    const env = { BORGOS_HOME: home, BORGOS_PORT: '  ' };
    expect(read({ env, argv: ['--port='] }).port).toBe(7001);
  });

  it('reads config.json from the home that a flag names', () => {
    expect(read({ argv: ['--home', home] }).port).toBe(7001);
  });

  it.each([['--log-level=debug'], ['--borgos-log-level=debug'], ['--log-level', 'debug']])(
    'takes a flag written as %s %s',
    (...argv) => expect(read({ argv }).logLevel).toBe('debug'),
  );
});

describe('lists', () => {
  it('are separated by commas', () => {
    const env = {
      BORGOS_ALLOWED_HOSTS: 'Borgos.Example.com, box.local,',
      BORGOS_ALLOWED_ORIGINS: 'https://Borgos.Example.com:443',
      BORGOS_PROJECT_ROOTS: '/srv/projects/,/home/me/../me/code',
    };
    expect(read({ env })).toMatchObject({
      allowedHosts: ['borgos.example.com', 'box.local'],
      allowedOrigins: ['https://borgos.example.com'],
      projectRoots: ['/srv/projects', '/home/me/code'],
    });
  });

  it('are arrays in config.json', () => {
    const home = homeWithConfig('{"BORGOS_PROJECT_ROOTS": ["/srv/a", "/srv/b"]}');
    expect(read({ env: { BORGOS_HOME: home } }).projectRoots).toEqual(['/srv/a', '/srv/b']);
  });
});

describe('a wrong value', () => {
  it.each([
    ['BORGOS_HOME', 'relative/path', 'absolute path'],
    ['BORGOS_PORT', '65536', 'from 0 to 65535'],
    ['BORGOS_HTTP_PORT', '0', 'from 1 to 65535'],
    ['BORGOS_ACME_EMAIL', 'you', 'a mail address'],
    ['BORGOS_ACME_DIRECTORY', 'http://localhost/dir', 'https'],
    ['BORGOS_ACME_CA', 'ca.pem', 'absolute path'],
    ['BORGOS_PORT', '0x50', 'from 0 to 65535'],
    ['BORGOS_PORT', '-1', 'from 0 to 65535'],
    ['BORGOS_RUNTIME', 'swarm', 'auto, docker, process'],
    ['BORGOS_LOG_LEVEL', 'loud', 'fatal, error, warn, info, debug, trace, silent'],
    ['BORGOS_ALLOWED_HOSTS', 'https://borgos.example.com', 'without scheme and port'],
    ['BORGOS_ALLOWED_HOSTS', 'borgos.example.com:8081', 'without scheme and port'],
    ['BORGOS_ALLOWED_ORIGINS', 'borgos.example.com', 'must hold origins'],
    ['BORGOS_ALLOWED_ORIGINS', 'https://borgos.example.com/app', 'must hold origins'],
    ['BORGOS_PROJECT_ROOTS', '/srv,projects', 'absolute path'],
    ['DATABASE_URL', 'mysql://localhost/borgos', 'postgresql://'],
  ])('%s=%s is refused with what would be right', (name, value, message) => {
    const problems = problemsOf({ env: { [name]: value } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(`${name} (from the environment): `);
    expect(problems[0]).toContain(message);
  });

  it('is named together with every other one, each with its source', () => {
    const home = homeWithConfig('{"BORGOS_RUNTIME": "podman"}');
    const problems = problemsOf({
      env: { BORGOS_HOME: home, BORGOS_PORT: 'http' },
      argv: ['--log-level', 'loud', '--prot', '8090', 'stray', '--host'],
    });
    expect(problems.join('\n')).toContain('--prot: is no option; did you mean --port?');
    expect(problems.join('\n')).toContain('argument 5: belongs to no option');
    expect(problems.join('\n')).toContain('--host: needs a value');
    expect(problems.join('\n')).toContain('BORGOS_PORT (from the environment)');
    expect(problems.join('\n')).toContain('BORGOS_LOG_LEVEL (from --log-level)');
    expect(problems.join('\n')).toContain(`BORGOS_RUNTIME (from ${home}/config.json)`);
    expect(problems).toHaveLength(6);
  });

  it.each([
    [{ env: { DATABASE_URL: 'mysql://me:canary@db/x' } }],
    [{ argv: ['--database-url', 'mysql://me:canary@db/x'] }],
    [{ argv: ['--databas-url', 'mysql://me:canary@db/x'] }],
    [{ argv: ['mysql://me:canary@db/x'] }],
    [{ env: { BORGOS_HOME: homeWithConfig('{"DATABASE_URL": "mysql://me:canary@db/x"}') } }],
    [{ env: { BORGOS_HOME: homeWithConfig('{"DATABASE_URL": canary}') } }],
  ])('never shows the password of a database: case %#', (sources) => {
    const problems = problemsOf(sources);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).not.toContain('canary');
  });

  it('never shows the password of the administrator', () => {
    const [problem] = problemsOf({ env: { BORGOS_ADMIN_PASSWORD: 'canary' } });
    expect(problem).toContain('at least 12 characters');
    expect(problem).not.toContain('"canary"');
  });

  it.each([
    [{ BORGOS_LLM_API_KEY: 'canary with spaces' }, 'printable ASCII'],
    [{ BORGOS_LLM_URL: 'http://me:canary@models' }, 'without a user and password'],
    [{ BORGOS_LLM_URL: 'canary' }, 'must be a URL'],
    [{ BORGOS_ZOEKT_URL: 'ftp://canary' }, 'must be a URL'],
  ])('never shows how other programs are asked: %#', (env, reason) => {
    const problems = problemsOf({ env });
    expect(problems).toEqual([expect.stringContaining(reason)]);
    expect(problems[0]).not.toContain('canary');
  });

  it('warns of a model without a place where it runs', () => {
    const env = { BORGOS_EMBEDDING_MODEL: 'tiny' };
    expect(read({ env }).warnings).toEqual([
      'BORGOS_EMBEDDING_MODEL: has no effect without BORGOS_LLM_URL',
    ]);
    expect(read({ env: { ...env, BORGOS_LLM_URL: 'http://m/v1/' } })).toMatchObject({
      ...{ embeddingModel: 'tiny', llmUrl: 'http://m/v1', warnings: [] },
    });
  });
});

describe('the address to listen on', () => {
  // Whether another one than loopback may be listened on is decided when the users are known.
  it.each(['127.0.0.1', '127.8.9.1', '::1', '[::1]', 'localhost', '0.0.0.0', '::', '192.168.1.5'])(
    'may be %s',
    (host) => {
      expect(problemsOf({ env: { BORGOS_HOST: host } })).toEqual([]);
    },
  );

  it.each(['localhost.example.com', 'borgos', '1.2.3', '300.1.1.1'])('may not be %s', (host) => {
    expect(problemsOf({ argv: ['--host', host] })).toEqual([
      expect.stringContaining('must be an address of this machine'),
    ]);
  });
});

describe('the rate limit', () => {
  it('is requests a minute and a burst', () => {
    expect(read({ env: { BORGOS_RATE_LIMIT: '600/1000' } }).rateLimit).toEqual({
      perMinute: 600,
      burst: 1000,
    });
  });

  it('can be switched off', () => {
    expect(read({ env: { BORGOS_RATE_LIMIT: 'off' } }).rateLimit).toBeNull();
  });

  it.each(['60', '60/', '0/100', '60/0', '-1/2', 'none', '60/100/s', '1e3/5'])(
    'may not be %s',
    (limit) => {
      expect(problemsOf({ env: { BORGOS_RATE_LIMIT: limit } })).toEqual([
        expect.stringContaining('such as 60/100, or off'),
      ]);
    },
  );
});

describe('trusted proxies', () => {
  it('are addresses and ranges', () => {
    const { trustedProxies } = read({ env: { BORGOS_TRUSTED_PROXIES: '::1, 10.0.0.0/8' } });
    expect(trustedProxies).toEqual(['::1', '10.0.0.0/8']);
  });

  it.each(['proxy.example', '10.0.0.0/33', '10.0.0.0/', '::/129', '10.0.0.0/8/8', 'all'])(
    'may not be %s',
    (proxy) => {
      expect(problemsOf({ env: { BORGOS_TRUSTED_PROXIES: proxy } })).toHaveLength(1);
    },
  );
});

describe('an unknown name', () => {
  it('in the environment is a warning that names the nearest setting', () => {
    const { warnings } = read({ env: { BORGOS_PROT: '1', BORGOS_COLOUR: 'red', PORT: '9' } });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('did you mean BORGOS_PORT?');
    expect(warnings[1]).toContain('BORGOS_COLOUR: is no setting of this version');
  });

  it('in config.json is a warning', () => {
    const home = homeWithConfig('{"BORGOS_LOGLEVEL": "debug"}');
    expect(read({ env: { BORGOS_HOME: home } }).warnings[0]).toContain('BORGOS_LOG_LEVEL?');
  });
});

describe('domains', () => {
  const env = {
    BORGOS_HTTP_PORT: '80',
    BORGOS_HTTPS_PORT: '443',
    BORGOS_ACME_EMAIL: 'you@example.com',
  };

  it("have certificates of Let's Encrypt once there is a mail address", () => {
    expect(read({ env })).toMatchObject({
      httpPort: 80,
      httpsPort: 443,
      acme: {
        email: 'you@example.com',
        directoryUrl: 'https://acme-v02.api.letsencrypt.org/directory',
        caFile: undefined,
      },
      warnings: [],
    });
  });

  it('have none without both ports, and that is said', () => {
    const { acme, warnings } = read({ env: { ...env, BORGOS_HTTPS_PORT: '' } });
    expect(acme).toBeNull();
    expect(warnings).toEqual([expect.stringContaining('BORGOS_ACME_EMAIL: has no effect')]);
  });

  it('share no port with each other or with the API', () => {
    const same = { ...env, BORGOS_HTTPS_PORT: '80', BORGOS_PORT: '80' };
    expect(problemsOf({ env: same })).toEqual([
      'BORGOS_PORT and BORGOS_HTTP_PORT and BORGOS_HTTPS_PORT: must differ; all are 80',
    ]);
    expect(problemsOf({ env: { BORGOS_PORT: '0' } })).toEqual([]);
  });
});

describe('config.json', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(root, 'home-'));
  });

  it.each([
    ['{"BORGOS_PORT": 80', 'valid JSON'],
    ['[]', 'JSON object'],
    ['{"BORGOS_PORT": {}}', 'JSON object'],
    ['{"BORGOS_HOME": "/srv"}', 'cannot be set there'],
    [' '.repeat(65_537), 'at most 65536 bytes'],
  ])('that holds %j is refused', (content, message) => {
    writeFileSync(join(home, 'config.json'), content);
    expect(problemsOf({ env: { BORGOS_HOME: home } })).toEqual([expect.stringContaining(message)]);
  });

  it('that is no file is refused', () => {
    mkdirSync(join(home, 'config.json'));
    expect(problemsOf({ env: { BORGOS_HOME: home } })).toEqual([
      expect.stringContaining('must be a file'),
    ]);
  });

  it('need not exist', () => {
    expect(problemsOf({ env: { BORGOS_HOME: home } })).toEqual([]);
  });
});

describe('documentation', () => {
  it('of every setting has an example that is accepted', () => {
    for (const { name, example } of describeSettings()) {
      expect(problemsOf({ env: { [name]: example } })).toEqual([]);
    }
  });

  it('is printed on --help, with every setting', () => {
    const text = informationAsked(['--port', '1', '--help']) ?? '';
    expect(settingNames.filter((name) => !text.includes(name))).toEqual([]);
  });

  it('is not printed otherwise; --version prints the version', () => {
    expect(informationAsked(['--port', '1'])).toBeUndefined();
    expect(informationAsked(['--version'])).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('how builds reach the network', () => {
  it('is taken over from the environment, and nothing else of it', () => {
    const env = { HTTPS_PROXY: 'http://proxy:3128', SSL_CERT_FILE: '/ca.pem', SECRET: 'x' };
    expect(read({ env }).networkEnvironment).toEqual({
      HTTPS_PROXY: 'http://proxy:3128',
      SSL_CERT_FILE: '/ca.pem',
    });
  });
});
