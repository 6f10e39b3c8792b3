import type { NodePackage } from './node-package.ts';
import type { ProjectFiles } from './project-files.ts';
import { findToolVersion } from './tool-versions.ts';

/** The names that nvm gives to long-term support. */
const codeNames: Record<string, string> = {
  dubnium: '10',
  erbium: '12',
  fermium: '14',
  gallium: '16',
  hydrogen: '18',
  iron: '20',
  jod: '22',
  krypton: '24',
};

/** The major version of Node that a project asks for; `null`: any, or the newest. */
export async function findNodeVersion(
  project: ProjectFiles,
  manifest: NodePackage,
): Promise<string | null> {
  // What pins one version comes before `engines`, which says what would do.
  const pins = [
    (await project.head('.nvmrc', 1024)) ?? (await project.head('.node-version', 1024)),
    manifest.volta?.node,
    await findToolVersion(project, 'node'),
  ];
  for (const pin of pins) {
    const major = pin === undefined ? null : majorOfPin(pin);
    if (major) return major;
  }
  return majorOfRange(manifest.engines.node ?? '');
}

function majorOfPin(pin: string): string | null {
  const text = pin.trim().toLowerCase();
  const codeName = /^lts\/([a-z]+)$/.exec(text)?.[1];
  if (codeName && Object.hasOwn(codeNames, codeName)) return codeNames[codeName] ?? null;
  return /^(?:v|node-?v?)?(\d{1,3})(?:[.\s-]|$)/.exec(text)?.[1] ?? null;
}

/**
 * The newest major version that a range of semver names. `null` for one that is open above
 * (`>=18`): every later version fits, and the named one may be out of support.
 */
export function majorOfRange(range: string): string | null {
  const majors = range
    .slice(0, 200)
    .split('||')
    .map((part) => {
      const below = /<\s*v?(\d{1,3})(\.0)*(?![\d.])/.exec(part)?.[1];
      if (below) return Number(below) - 1;
      const upTo = /(?:<=?\s*|\s-\s+)v?(\d{1,3})/.exec(part)?.[1];
      if (upTo) return Number(upTo);
      if (part.includes('>')) return Number.POSITIVE_INFINITY;
      const named = /^\s*[\^~=]?\s*v?(\d{1,3})(?![\d])/.exec(part)?.[1];
      return named === undefined ? Number.POSITIVE_INFINITY : Number(named);
    });
  const newest = Math.max(...majors);
  return Number.isFinite(newest) && newest > 0 ? String(newest) : null;
}
