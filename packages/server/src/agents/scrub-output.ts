import { scrub } from '../scrub.ts';

/** Takes out what looks like a secret, and the secrets that agents were given, however they are written. */
export function createScrub(redactor: { text(text: string): string }): <T>(value: T) => T {
  return <T>(value: T): T => {
    const shown = scrub(value);
    const json = JSON.stringify(shown);
    const redacted = redactor.text(json);
    // A value is found as it is written in JSON, so that what is left of the text is JSON still.
    return redacted === json ? shown : JSON.parse(redacted);
  };
}
