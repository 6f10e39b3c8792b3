import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Either the old or the new text is on the disk at any moment, also when the power fails. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  // Without this the rename itself may be lost with the power.
  const parent = await open(dirname(path), 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}
