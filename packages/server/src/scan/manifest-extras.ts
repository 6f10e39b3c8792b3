import { basename } from 'node:path/posix';

interface Extras {
  license: string | null;
  /** What each script runs, by its name. */
  scripts: Record<string, string>;
}

const nothing: Extras = { license: null, scripts: {} };

/** What only the scores want to know of a manifest, from its text. */
export function manifestExtras(file: string, text: string | undefined): Extras {
  if (text === undefined) return nothing;
  const name = basename(file);
  if (name === 'package.json' || name === 'composer.json') return extrasOfJson(text);
  const license = /^\s*license\s*=\s*(?:\{\s*\w+\s*=\s*)?["']([^"'\n]{1,100})["']/m.exec(text)?.[1];
  return { ...nothing, license: license ?? null };
}

function extrasOfJson(text: string): Extras {
  try {
    const json: unknown = JSON.parse(text);
    const { license, scripts } = Object(json);
    return {
      license: typeof license === 'string' ? license.slice(0, 100) : null,
      scripts: Object.fromEntries(
        Object.entries(Object(scripts)).flatMap(([script, command]) =>
          typeof command === 'string' ? [[script, command.slice(0, 2_000)]] : [],
        ),
      ),
    };
  } catch {
    // It is reported as a broken manifest.
    return nothing;
  }
}
