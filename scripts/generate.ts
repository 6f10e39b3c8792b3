import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSettings } from '../packages/server/src/settings-table.ts';

// Writes into documents what the code knows better: `node scripts/generate.ts`. With `--check` it
// writes nothing, and fails when a document is stale.

const repository = join(import.meta.dirname, '..');

/** `|` would end a cell of the table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function settingsTable(): string {
  const rows = describeSettings().map((setting) => {
    const fallback = setting.default === 'none' ? 'none' : `\`${setting.default}\``;
    const cells = [
      `\`${setting.name}\`<br>\`${setting.flag}\``,
      setting.description,
      fallback,
      `\`${setting.example}\``,
    ];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return ['| Setting | What it does | Default | Example |', '|---|---|---|---|', ...rows].join(
    '\n',
  );
}

const sections = [{ file: 'README.md', name: 'settings', text: settingsTable() }];

/** The document with the text between the section's markers replaced. */
function replaceSection(document: string, name: string, text: string): string {
  const begin = `<!-- generated: ${name} (node scripts/generate.ts) -->`;
  const end = `<!-- end: ${name} -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`"${begin}" … "${end}" is not there`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}

for (const { file, name, text } of sections) {
  const path = join(repository, file);
  const before = await readFile(path, 'utf8');
  const after = replaceSection(before, name, text);
  if (after === before) continue;
  if (process.argv.includes('--check')) {
    console.error(`${file}: the section "${name}" is stale; run: node scripts/generate.ts`);
    process.exitCode = 1;
  } else {
    await writeFile(path, after);
    console.log(`${file}: wrote the section "${name}"`);
  }
}
