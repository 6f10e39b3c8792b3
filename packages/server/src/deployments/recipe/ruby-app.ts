import type { Recipe } from '../recipe.ts';
import { findPageAssets } from './page-assets.ts';
import type { Procfile } from './procfile.ts';
import type { ProjectFiles } from './project-files.ts';
import { type Gems, readGems } from './ruby-gems.ts';
import { findPinnedVersion } from './tool-versions.ts';

const portOfRuby = 3000;
/** Gems are installed into the build: those of the machine are not the project's to change. */
const bundle = '.borgos/bundle';
const mainFiles = ['app.rb', 'main.rb', 'server.rb', 'web.rb'];

/** Programs that only mean something where Ruby is. */
export const rubyPrograms =
  /^(ruby|bundle|rails|rake|rackup|puma|unicorn|thin|falcon|iodine|passenger|(.*\/)?bin\/(rails|rackup|puma|bundle|rake))$/;

interface Start {
  argv: string[];
  environment: Record<string, string>;
  notes: string[];
}

/** A server in Ruby: Rails, whatever has a config.ru, or a program. */
export async function detectRubyApp(
  project: ProjectFiles,
  procfile: Procfile | undefined,
): Promise<Recipe | undefined> {
  const gems = await readGems(project);
  const rack = await project.isFile('config.ru');
  if (gems === undefined && !rack) return undefined;
  const rails = gems !== undefined && (await isRails(project, gems));
  const start = procfile
    ? withBundler(procfile, gems)
    : await findStart(project, gems, { rails, rack });
  if (start === undefined) return undefined;
  const assets = await findPageAssets(project);
  const needsNode =
    assets.tools.length > 0 || gems?.names.has('execjs') || gems?.names.has('webpacker');
  return {
    stack: 'ruby',
    foundBy: gems ? 'Gemfile' : 'config.ru',
    dockerfile: null,
    version: await findRubyVersion(project, gems),
    manifests: gems && assets.install.length === 0 ? gems.manifests : [],
    install: [...(gems ? installHere : []), ...assets.install],
    build: [...assets.build, ...(rails ? await precompile(project, gems) : [])],
    start: start.argv,
    environment: {
      ...(rails
        ? { RAILS_ENV: 'production', RAILS_LOG_TO_STDOUT: '1', RAILS_SERVE_STATIC_FILES: '1' }
        : {}),
      RACK_ENV: 'production',
      ...start.environment,
    },
    port: portOfRuby,
    extraFiles: [],
    notes: rails
      ? [
          ...start.notes,
          'Rails needs a secret RAILS_MASTER_KEY or SECRET_KEY_BASE; migrations are not run.',
        ]
      : start.notes,
    container: {
      packages: packagesOf(gems),
      // Its Ruby serves nobody else, and has the programs of gems in its search path.
      ...(gems ? { install: [without, install, ...assets.install] } : {}),
      ...(needsNode ? { tools: ['node'] } : {}),
    },
  };
}

async function isRails(project: ProjectFiles, gems: Gems): Promise<boolean> {
  return (
    gems.names.has('rails') || (gems.names.has('railties') && (await project.isFile('bin/rails')))
  );
}

async function findStart(
  project: ProjectFiles,
  gems: Gems | undefined,
  { rails, rack }: { rails: boolean; rack: boolean },
): Promise<Start | undefined> {
  const starts = (argv: string[], note: string): Start => ({
    argv,
    environment: {},
    notes: [note],
  });
  const run = gems ? ['bundle', 'exec'] : [];
  if (rails) {
    return starts([...run, 'rails', 'server', '-b', '{HOST}', '-p', '{PORT}'], 'A Rails app.');
  }
  if (rack) return starts([...run, ...rackServer(gems)], 'config.ru is served.');
  for (const file of mainFiles) {
    const source = await project.head(file, 64 * 1024);
    if (source === undefined) continue;
    const sinatra = /^[ \t]*require[ \t]*\(?["']sinatra["']/m.test(source);
    return sinatra
      ? starts([...run, 'ruby', file, '-o', '{HOST}', '-p', '{PORT}'], `${file} is a Sinatra app.`)
      : starts([...run, 'ruby', file], `${file} is run. It must listen on the variable PORT.`);
  }
  return undefined;
}

function rackServer(gems: Gems | undefined): string[] {
  const has = (name: string) => gems?.names.has(name) ?? false;
  if (has('puma')) return ['puma', '-b', 'tcp://{HOST}:{PORT}'];
  if (has('falcon')) return ['falcon', 'serve', '--bind', 'http://{HOST}:{PORT}'];
  if (has('unicorn')) return ['unicorn', '-l', '{HOST}:{PORT}'];
  if (has('thin')) return ['thin', 'start', '-a', '{HOST}', '-p', '{PORT}'];
  return ['rackup', '-o', '{HOST}', '-p', '{PORT}'];
}

/** Development's gems are left out; Bundler keeps its settings by itself, for the start, too. */
const settings = ['bundle', 'config', 'set', '--local'];
const without = [...settings, 'without', 'development:test'];
const install = ['bundle', 'install', '--jobs', '4'];

/** With the gems in the build, and their programs in its search path. */
const installHere = [
  [...settings, 'path', bundle],
  without,
  install,
  ['bundle', 'binstubs', '--all', '--path', '.borgos/bin'],
];

/** Programs of gems are only found among those of the project by Bundler. */
function withBundler(procfile: Procfile, gems: Gems | undefined): Start {
  const ofGem = /^(ruby|rails|rake|rackup|puma|unicorn|thin|falcon|iodine)$/;
  const needs = gems !== undefined && ofGem.test(procfile.argv[0] ?? '');
  return needs ? { ...procfile, argv: ['bundle', 'exec', ...procfile.argv] } : procfile;
}

async function precompile(project: ProjectFiles, gems: Gems | undefined): Promise<string[][]> {
  const pipeline = [
    'sprockets-rails',
    'sprockets',
    'propshaft',
    'webpacker',
    'shakapacker',
    'vite_rails',
  ];
  const hasAssets = await project.isDirectory('app/assets');
  if (!hasAssets || !pipeline.some((name) => gems?.names.has(name))) return [];
  // Rails starts for this, and refuses to without a key; nothing is signed with it.
  const key = ['SECRET_KEY_BASE_DUMMY=1', 'SECRET_KEY_BASE=only-for-the-build'];
  return [['env', 'RAILS_ENV=production', ...key, 'bundle', 'exec', 'rails', 'assets:precompile']];
}

/** What gems in C are compiled with. */
function packagesOf(gems: Gems | undefined): string[] {
  const has = (...names: string[]) => names.some((name) => gems?.names.has(name));
  return [
    ...['build-essential', 'git', 'libyaml-dev', 'pkg-config'],
    ...(has('mysql2', 'trilogy') ? ['default-libmysqlclient-dev'] : []),
    ...(has('pg') ? ['libpq-dev'] : []),
    ...(has('sqlite3') ? ['libsqlite3-dev'] : []),
    ...(has('ruby-vips', 'image_processing') ? ['libvips'] : []),
    ...(has('rmagick') ? ['libmagickwand-dev'] : []),
    ...(has('charlock_holmes') ? ['libicu-dev', 'zlib1g-dev'] : []),
  ].sort();
}

async function findRubyVersion(
  project: ProjectFiles,
  gems: Gems | undefined,
): Promise<string | null> {
  const pinned = await findPinnedVersion(project, 'ruby', ['.ruby-version']);
  return pinned ?? gems?.ruby ?? null;
}
