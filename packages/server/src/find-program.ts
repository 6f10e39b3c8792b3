import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** The file that a program is, as a shell would find it; `undefined`: there is none. */
export async function findProgram(
  program: string,
  searchPath: string | undefined,
): Promise<string | undefined> {
  const places = program.includes('/')
    ? [program].filter((place) => isAbsolute(place))
    : (searchPath ?? '')
        .split(delimiter)
        .filter((folder) => isAbsolute(folder))
        .map((folder) => join(folder, program));
  for (const place of places) {
    const isThere = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return place;
  }
  return undefined;
}
