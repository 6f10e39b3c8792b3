import { z } from 'zod';
import { parseJsonManifest } from './manifest.ts';
import type { ProjectFiles } from './project-files.ts';

/** Others write all kinds of things there: what isn't of use as it stands counts as not there. */
const names = z.record(z.string(), z.unknown()).catch({});

const packageJson = z.object(
  {
    main: z.string().optional().catch(undefined),
    scripts: z.record(z.string(), z.string('must be a string')).default({}),
    dependencies: names,
    devDependencies: names,
    optionalDependencies: names,
    peerDependencies: names,
    packageManager: z.string().optional().catch(undefined),
    engines: z.record(z.string(), z.string()).catch({}),
    volta: z.object({ node: z.string() }).optional().catch(undefined),
    workspaces: z.unknown().optional(),
    patchedDependencies: z.unknown().optional(),
  },
  'must be an object',
);

export type NodePackage = z.output<typeof packageJson> & {
  /** The names of everything that is installed. */
  installed: Set<string>;
};

/** Throws `ReleaseFailure` STACK_NOT_FOUND for a package.json that is broken. */
export async function readNodePackage(project: ProjectFiles): Promise<NodePackage | undefined> {
  const text = await project.read('package.json');
  if (text === undefined) return undefined;
  const manifest = parseJsonManifest('package.json', text, packageJson);
  const installed = new Set([
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.devDependencies),
    ...Object.keys(manifest.optionalDependencies),
    ...Object.keys(manifest.peerDependencies),
  ]);
  return { ...manifest, installed };
}
