import type { ProjectFiles } from './project-files.ts';
import type { PythonManifests } from './python-manifests.ts';
import { findToolVersion } from './tool-versions.ts';

/** The version of Python that a project asks for, as `3.12`; `null`: any, or the newest. */
export async function findPythonVersion(
  project: ProjectFiles,
  { pyproject, pipfile }: PythonManifests,
): Promise<string | null> {
  const pins = [
    await project.head('.python-version', 1024),
    await project.head('runtime.txt', 1024),
    await findToolVersion(project, 'python'),
    pipfile?.requires.python_version,
  ];
  for (const pin of pins) {
    const version = /^\s*(?:c?python-?)?(\d+\.\d+)/i.exec(pin ?? '')?.[1];
    if (version) return version;
  }
  const poetry = pyproject?.tool.poetry?.dependencies.python;
  return (
    versionOfRange(pyproject?.project?.['requires-python'] ?? '') ??
    versionOfRange(typeof poetry === 'string' ? poetry : '')
  );
}

/**
 * The newest minor version that a specifier allows: `==3.11.*`, `~=3.11.2` and `>=3.9,<3.12` give
 * 3.11. `null` if it is open above: the newest will do, and the named one may be out of support.
 */
export function versionOfRange(range: string): string | null {
  const text = range.slice(0, 200);
  const exact =
    /(?:^|,)\s*={2,3}\s*(\d+\.\d+)/.exec(text) ?? /^\s*(\d+\.\d+)(?:\.[\d*]+)?\s*$/.exec(text);
  const compatible = exact ?? /[~]=?\s*(\d+\.\d+)\.\d+/.exec(text);
  if (compatible) return compatible[1] ?? null;
  const upTo = /<=\s*(\d+\.\d+)/.exec(text)?.[1];
  if (upTo) return upTo;
  const below = /<\s*3\.(\d+)/.exec(text)?.[1];
  return below && Number(below) > 0 ? `3.${Number(below) - 1}` : null;
}
