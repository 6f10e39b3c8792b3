const mostWords = 10;

/** The words of a text, of letters and digits alone: safe in queries as they are. */
export function searchWords(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, mostWords);
}
