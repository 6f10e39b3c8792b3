import { basename } from 'node:path/posix';
import type { ProjectView } from './project-view.ts';

/** Files that say which database is used, where no driver does. */
const SETTINGS =
  /^(?:schema\.prisma|settings(?:\.\w+)?\.py|base\.py|database\.ya?ml|alembic\.ini|\.env\.(?:example|sample|template|dist)|env\.example|application(?:-\w+)?\.(?:properties|ya?ml)|appsettings\.json|drizzle\.config\.\w+|ormconfig\.\w+)$/;
const MAX_FILES = 12;

const NAMES: Readonly<Record<string, string>> = {
  postgres: 'postgresql',
  postgresql: 'postgresql',
  postgis: 'postgresql',
  mysql: 'mysql',
  mysql2: 'mysql',
  mariadb: 'mariadb',
  sqlite: 'sqlite',
  sqlite3: 'sqlite',
  mongodb: 'mongodb',
  redis: 'redis',
  rediss: 'redis',
  amqp: 'rabbitmq',
  amqps: 'rabbitmq',
  sqlserver: 'sqlserver',
};

const PATTERNS = [
  /\b(postgres(?:ql)?|mysql|mariadb|sqlite|mongodb|rediss?|amqps?)(?:\+\w{1,20})?:\/\//g,
  /\bjdbc:(postgresql|mysql|mariadb|sqlite|sqlserver):/g,
  /django\.(?:contrib\.gis\.)?db\.backends\.(postgresql|postgis|mysql|sqlite3)\b/g,
  /\bprovider\s{0,4}=\s{0,4}"(postgresql|mysql|sqlite|mongodb|sqlserver)"/g,
  /^\s{0,8}adapter:\s{0,4}(postgresql|mysql2|sqlite3)\b/gm,
  /\bdialect:\s{0,4}['"](postgresql|mysql|sqlite)['"]/g,
  /^DB_CONNECTION=(mysql|sqlite|mariadb)\b/gm,
];

/** Databases that settings name. Only the kind is taken from an address, nothing else of it. */
export function databasesInSettings(project: ProjectView): { technology: string; file: string }[] {
  const files = project.files.filter((path) => SETTINGS.test(basename(path))).slice(0, MAX_FILES);
  return files.flatMap((file) => {
    const text = project.read(file);
    const found = PATTERNS.flatMap((pattern) =>
      [...text.matchAll(pattern)].map(([, name = '']) => NAMES[name] ?? name),
    );
    return [...new Set(found)].map((technology) => ({ technology, file }));
  });
}
