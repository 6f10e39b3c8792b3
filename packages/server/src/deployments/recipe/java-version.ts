import type { ProjectFiles } from './project-files.ts';
import { findPinnedVersion } from './tool-versions.ts';

/** Those with long-term support, of which there will be images. */
const longTerm = [8, 11, 17, 21, 25];

/**
 * The version of Java that a project asks for, as `21`: pinned in a file of its own, else the one its
 * build is for, rounded up to one with long-term support. `most` is the newest that the build tool
 * runs on.
 */
export async function findJavaVersion(
  project: ProjectFiles,
  inBuild: string | undefined,
  most?: string,
): Promise<string | null> {
  const system = /^\s*java\.runtime\.version\s*=\s*(\S{1,20})/m.exec(
    (await project.head('system.properties', 4096)) ?? '',
  )?.[1];
  const sdkman = /^java=(\S{1,40})/m.exec((await project.head('.sdkmanrc', 4096)) ?? '')?.[1];
  const pinned = await findPinnedVersion(project, 'java', ['.java-version']);
  const version = majorOf(system ?? sdkman ?? pinned ?? undefined) ?? majorOf(inBuild);
  if (version === undefined) return most ?? null;
  const rounded = longTerm.find((major) => major >= version) ?? version;
  return String(rounded);
}

/** `1.8` is 8. */
function majorOf(version: string | undefined): number | undefined {
  const numbers = /^(?:1[._])?(\d{1,2})/.exec(version ?? '');
  const major = Number(numbers?.[1] ?? 0);
  return major > 0 ? major : undefined;
}
