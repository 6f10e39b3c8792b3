/** A database that the user runs, as it may be shown: without the password. */
export interface DatabaseAddress {
  /** `db.example:5432` */
  server: string;
  /** Takes the password out of a text that was made by others. */
  redact(text: string): string;
}

/**
 * Checks the form of DATABASE_URL. Errors never show it, not even in part: which part of a
 * malformed one is the password cannot be told.
 */
export function readDatabaseUrl(databaseUrl: string): DatabaseAddress {
  const form = 'postgresql://user:password@host:5432/database';
  const url = URL.parse(databaseUrl);
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw new Error(`DATABASE_URL is not of the form ${form}`);
  }
  // An unescaped / ? or # in the password ends the host too early, and leaves the @ behind.
  if (url.hash || url.pathname.includes('@') || url.search.includes('@')) {
    throw new Error(
      `DATABASE_URL is not of the form ${form}: ` +
        'write the characters / ? # @ % of the password as %2F %3F %23 %40 %25',
    );
  }
  const host = url.searchParams.get('host') ?? (url.hostname || 'localhost');
  const server = host.startsWith('/') ? host : `${host}:${url.port || 5432}`;
  const secrets = [url.password, decode(url.password), url.searchParams.get('password')];
  return {
    server,
    redact(text) {
      return secrets.reduce<string>(
        (redacted, secret) => (secret ? redacted.replaceAll(secret, '***') : redacted),
        text,
      );
    },
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('DATABASE_URL has a % in its password that begins no escape: write it as %25');
  }
}
