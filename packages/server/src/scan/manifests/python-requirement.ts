import { dependency } from './draft.ts';
import type { Dependency, DependencyScope } from './manifest.ts';

/** `Flask_Login` and `flask-login` are one package. */
export function pythonName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/**
 * One requirement: `Flask[async]>=2 ; python_version > "3"`, `name @ https://…`, or an address of
 * which the name can be told. `undefined` for everything else.
 */
export function pythonRequirement(
  text: string,
  scope: DependencyScope = 'runtime',
): Dependency | undefined {
  const requirement = text.trim();
  if (/^(?:[a-z+]+:\/\/|\.{0,2}\/)/i.test(requirement)) return fromAddress(requirement, scope);
  const head = /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*/.exec(requirement);
  if (!head) return undefined;
  const rest = requirement.slice(head[0].length);
  const name = pythonName(head[1] ?? '');
  const address = /^@\s*(\S+)/.exec(rest)?.[1];
  if (address) return dependency(name, address, scope, false);
  const specifier = (rest.split(';', 1)[0] ?? '').split(' --', 1)[0] ?? '';
  const range = specifier.replace(/^\(|\)$/g, '').replace(/\s+/g, '');
  return /^(?:[<>=!~].*)?$/.test(range) ? dependency(name, range, scope) : undefined;
}

/** `git+https://host/name.git@v1#egg=name`, `./wheels/name-1.0-py3-none-any.whl` */
function fromAddress(address: string, scope: DependencyScope): Dependency | undefined {
  const target = address.split(/\s/, 1)[0] ?? '';
  const egg = /[#&]egg=([\w.-]+)/.exec(target)?.[1];
  const path = target.split('#', 1)[0] ?? '';
  const wheel = /\/([\w.]+)-[^/]*\.whl$/.exec(path)?.[1];
  const archive = /\/([\w.-]+?)-\d[^/]*\.(?:tar\.gz|zip)$/.exec(path)?.[1];
  const repository = /^(?:git|hg|svn|bzr)\+/.test(path)
    ? /\/([\w.-]+?)(?:\.git)?(?:@[^/]*)?$/.exec(path)?.[1]
    : undefined;
  const name = egg ?? wheel ?? archive ?? repository;
  return name ? dependency(pythonName(name), target, scope, false) : undefined;
}

const DEVELOPMENT =
  /(?:^|[^a-z])(?:dev|devel|develop|development|test|tests|testing|lint|linting|docs?|ci|typing|types|style|format)(?:[^a-z]|$)/i;

/** Whether the name of a group or file of requirements says that it is for who works on it. */
export function isDevelopmentGroup(name: string): boolean {
  return DEVELOPMENT.test(name);
}
