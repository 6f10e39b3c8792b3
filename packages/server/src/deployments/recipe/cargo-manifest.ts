import { z } from 'zod';
import { parseTomlManifest } from './manifest.ts';
import type { ProjectFiles } from './project-files.ts';

const table = z.record(z.string(), z.unknown()).catch({});
const texts = z.array(z.string()).catch([]);

const cargoToml = z
  .object({
    package: z
      .object({
        name: z.string().regex(/^[A-Za-z0-9_-]{1,200}$/, 'must be letters, digits, "-" and "_"'),
        'default-run': z.string().optional().catch(undefined),
        'rust-version': z.string().optional().catch(undefined),
        autobins: z.boolean().catch(true),
      })
      .optional(),
    bin: z.array(z.object({ name: z.string().optional() })).catch([]),
    dependencies: table,
    workspace: z.object({ members: texts, 'default-members': texts }).optional().catch(undefined),
  })
  .transform((manifest) => ({
    package: manifest.package,
    bins: manifest.bin.map(({ name }) => name).filter((name) => name !== undefined),
    dependencies: new Set(Object.keys(manifest.dependencies)),
    workspace: manifest.workspace,
    rustVersion: /^\d+\.\d+/.exec(manifest.package?.['rust-version'] ?? '')?.[0] ?? null,
  }));

export type CargoManifest = z.output<typeof cargoToml>;

/** Throws `ReleaseFailure` STACK_NOT_FOUND for a broken one. */
export async function readCargoManifest(
  project: ProjectFiles,
  folder: string,
): Promise<CargoManifest | undefined> {
  const file = folder === '.' ? 'Cargo.toml' : `${folder}/Cargo.toml`;
  const text = await project.read(file);
  return text === undefined ? undefined : parseTomlManifest(file, text, cargoToml);
}
