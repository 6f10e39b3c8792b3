/** The beginning of what a client has sent, as it is named to it: it may have sent a megabyte. */
export function brief(text: string, most = 1000): string {
  return text.length > most ? `${text.slice(0, most).toWellFormed()}…` : text;
}
