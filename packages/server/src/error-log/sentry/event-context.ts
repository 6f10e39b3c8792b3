import { fitContext } from './fit-context.ts';
import { type Fields, fieldsOf, listOf, textOf } from './plain-values.ts';

const mostBreadcrumbs = 20;

/**
 * What else an event says that helps to find the cause, the most useful first. Not kept: the
 * modules, the source around frames, the values of variables, and of a user more than who it is.
 */
export function contextOf(
  event: Fields,
  platform: string,
  isHandled: boolean | undefined,
): Record<string, unknown> {
  const contexts = fieldsOf(event.contexts);
  return fitContext({
    platform,
    handled: isHandled,
    environment: textOf(event.environment, 200),
    release: textOf(event.release, 250),
    transaction: textOf(event.transaction, 500),
    server_name: textOf(event.server_name, 250),
    logger: textOf(event.logger, 200),
    user: userOf(fieldsOf(event.user)),
    request: requestOf(fieldsOf(event.request)),
    runtime: nameAndVersion(contexts.runtime),
    os: nameAndVersion(contexts.os),
    sdk: nameAndVersion(event.sdk),
    tags: tagsOf(event.tags),
    extra: fieldsOf(event.extra),
    breadcrumbs: breadcrumbsOf(event.breadcrumbs),
  });
}

function userOf(user: Fields) {
  return { id: textOf(user.id, 200), username: textOf(user.username, 200) };
}

function requestOf(request: Fields) {
  return { method: textOf(request.method, 20), url: textOf(request.url, 2000) };
}

function nameAndVersion(context: unknown) {
  const { name, version } = fieldsOf(context);
  return { name: textOf(name, 100)?.trim(), version: textOf(version, 100)?.trim() };
}

/** An object, or a list of pairs. */
function tagsOf(tags: unknown): Record<string, unknown> {
  const list = listOf(tags);
  if (list.length === 0) return fieldsOf(tags);
  const pairs = list.slice(0, 200).filter((pair) => Array.isArray(pair));
  return Object.fromEntries(pairs.map(([name, value]) => [textOf(name, 200) ?? '', value]));
}

function breadcrumbsOf(breadcrumbs: unknown) {
  return listOf(breadcrumbs)
    .slice(-mostBreadcrumbs)
    .map((one) => {
      const { timestamp, category, type, level, message, data } = fieldsOf(one);
      return {
        timestamp: textOf(timestamp, 40),
        category: textOf(category, 100) ?? textOf(type, 100),
        level: textOf(level, 20),
        message: textOf(message, 500),
        data: fieldsOf(data),
      };
    });
}
