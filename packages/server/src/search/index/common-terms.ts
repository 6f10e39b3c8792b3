import type { DatabaseSync } from 'node:sqlite';
import { prepareWrite } from './schema.ts';

/** Terms in more than this part of the chunks are remembered with their number. */
const commonShare = 0.005;
/** And not in few chunks, where everything is quickly counted. */
const leastChunks = 200;

/**
 * Counts anew in how many chunks the common terms are, where the index has grown or shrunk by a tenth
 * since: who asks needs to know, and to count a common term takes longer than to answer.
 */
export function countCommonTerms(database: DatabaseSync): void {
  const chunks = countChunks(database);
  const counted = Number(
    database.prepare(`select value from facts where name = 'counted'`).get()?.value ?? 0,
  );
  if (chunks < counted * 1.1 && chunks > counted * 0.9) return;
  database.exec(`
    create virtual table temp.vocabulary using fts5vocab(main, words, row);
    begin;
    delete from common_terms;
  `);
  prepareWrite(
    database,
    'insert into common_terms select term, doc from temp.vocabulary where doc > ?',
  ).run(Math.max(leastChunks, Math.floor(chunks * commonShare)));
  prepareWrite(database, `insert or replace into facts values ('counted', ?)`).run(chunks);
  database.exec('commit; drop table temp.vocabulary');
}

function countChunks(database: DatabaseSync): number {
  return Number(database.prepare('select count(*) as n from words_docsize').get()?.n ?? 0);
}
