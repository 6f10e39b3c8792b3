import type { Composer } from './php-composer.ts';

/** Extensions that the image can compile, with the packages of Debian that it takes. */
const compiled: Record<string, string[]> = {
  bcmath: [],
  calendar: [],
  exif: [],
  gd: ['libfreetype-dev', 'libjpeg62-turbo-dev', 'libpng-dev', 'libwebp-dev'],
  gettext: [],
  gmp: ['libgmp-dev'],
  intl: ['libicu-dev'],
  ldap: ['libldap2-dev'],
  mysqli: [],
  pcntl: [],
  pdo_mysql: [],
  pdo_pgsql: ['libpq-dev'],
  pgsql: ['libpq-dev'],
  shmop: [],
  soap: ['libxml2-dev'],
  sockets: [],
  sysvmsg: [],
  sysvsem: [],
  sysvshm: [],
  xsl: ['libxslt1-dev'],
  zip: ['libzip-dev'],
};

/** Extensions from PECL. */
const fetched: Record<string, string[]> = {
  apcu: [],
  imagick: ['libmagickwand-dev'],
  memcached: ['libmemcached-dev', 'zlib1g-dev', 'libssl-dev'],
  mongodb: ['libssl-dev'],
  redis: [],
  xdebug: [],
};

/** What Composer unpacks with, and what a framework needs although it does not say so. */
export function extensionSetup(composer: Composer | undefined): {
  packages: string[];
  setup: string[][];
} {
  const wanted = new Set(composer?.extensions);
  if (composer?.framework) {
    for (const name of ['pdo_mysql', 'pdo_pgsql', 'intl', 'zip', 'bcmath', 'pcntl'])
      wanted.add(name);
  }
  if (!composer) for (const name of ['mysqli', 'pdo_mysql']) wanted.add(name);
  const build = [...wanted].filter((name) => Object.hasOwn(compiled, name)).sort();
  const fetch = [...wanted].filter((name) => Object.hasOwn(fetched, name)).sort();
  const packages = new Set(composer ? ['git', 'unzip'] : []);
  for (const name of build) for (const needed of compiled[name] ?? []) packages.add(needed);
  for (const name of fetch) for (const needed of fetched[name] ?? []) packages.add(needed);
  const gd = build.includes('gd')
    ? [['docker-php-ext-configure', 'gd', '--with-freetype', '--with-jpeg', '--with-webp']]
    : [];
  return {
    packages: [...packages].sort(),
    setup: [
      ...gd,
      ...(build.length > 0 ? [['docker-php-ext-install', ...build]] : []),
      ...(fetch.length > 0
        ? [
            ['pecl', 'install', ...fetch],
            ['docker-php-ext-enable', ...fetch],
          ]
        : []),
    ],
  };
}
