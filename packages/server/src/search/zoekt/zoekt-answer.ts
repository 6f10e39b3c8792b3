import { z } from 'zod';

const count = z.int().min(0);
/** Bytes, as Go writes them. */
const bytes = z.string().nullish();

const lineMatch = z.object({
  Line: bytes,
  LineNumber: count,
  Before: bytes,
  After: bytes,
  FileName: z.boolean().default(false),
  Score: z.number().default(0),
  LineFragments: z
    .array(
      z.object({
        LineOffset: count,
        MatchLength: count,
        SymbolInfo: z.object({ Sym: z.string(), Kind: z.string() }).nullish(),
      }),
    )
    .nullish(),
});

const fileMatch = z.object({
  FileName: z.string().max(4_096),
  Repository: z.string(),
  Score: z.number().default(0),
  LineMatches: z.array(lineMatch).nullish(),
});

/** What `POST /api/search` answers, as far as it is of use. */
export const zoektAnswer = z.object({
  Result: z.object({
    Files: z.array(fileMatch).nullish(),
    FileCount: count.default(0),
    FilesSkipped: count.default(0),
    ShardsSkipped: count.default(0),
    Crashes: count.default(0),
  }),
});

export const zoektRefusal = z.object({ Error: z.string() });

export type ZoektAnswer = z.infer<typeof zoektAnswer>;
export type FileMatch = z.infer<typeof fileMatch>;
export type LineMatch = z.infer<typeof lineMatch>;
