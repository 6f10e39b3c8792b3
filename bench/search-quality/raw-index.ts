import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { walkProject } from '../../packages/server/src/scan/walk/walk-project.ts';
import { rulesOf } from '../../packages/server/src/search/chunks/rules-of.ts';
import { splitChunks } from '../../packages/server/src/search/chunks/split-chunks.ts';

/** FTS5 as it comes: the same chunks as they are, its own tokenizer and ranking. */
export function rawIndex(
  corpus: string,
  database: DatabaseSync,
): (text: string) => { path: string; line: number }[] {
  database.exec('pragma synchronous = off; begin');
  database.exec('create virtual table raw using fts5(text, path unindexed, line unindexed)');
  const insert = database.prepare('insert into raw (text, path, line) values (?, ?, ?)');
  for (const file of walkProject(corpus).paths) {
    const lines = readFileSync(path.join(corpus, file), 'utf8').split('\n');
    for (const { start, end, definition } of splitChunks(lines, rulesOf(file).rules)) {
      insert.run(lines.slice(start - 1, end).join('\n'), file, definition?.line ?? -start);
    }
  }
  database.exec('commit');
  const select = database.prepare(
    'select path, line from raw where raw match ? order by rank limit 50',
  );
  return (text) => {
    const words = [...new Set(text.toLowerCase().match(/\w+/g) ?? [])];
    if (words.length === 0) return [];
    const rows = select.all(words.map((word) => `"${word}"`).join(' OR '));
    const seen = new Set<string>();
    return rows
      .map((row) => ({ path: String(row.path), line: Number(row.line) }))
      .filter(({ path, line }) => !seen.has(`${path}:${line}`) && seen.add(`${path}:${line}`));
  };
}
