import { basename } from 'node:path/posix';
import { yamlOutline } from './yaml-outline.ts';

export interface ServiceLimits {
  name: string;
  line: number;
  cpu: boolean;
  memory: boolean;
}

export function isComposeFile(path: string): boolean {
  return /^(?:docker-)?compose(?:\.[\w-]+)*\.ya?ml$/.test(basename(path));
}

/** The services of a Compose file, and whether each is limited; what is reserved is no limit. */
export function readComposeLimits(text: string): ServiceLimits[] {
  const services = new Map<string, ServiceLimits>();
  for (const { path, value, line } of yamlOutline(text)) {
    const [top, name, ...rest] = path;
    if (top !== 'services' || name === undefined) continue;
    const service = services.get(name) ?? { name, line, cpu: false, memory: false };
    services.set(name, service);
    const key = rest.join('.');
    const limits = key === 'deploy.resources.limits' || key === 'deploy.resources' ? value : '';
    service.cpu ||= /^(?:cpus|cpu_quota|deploy\.resources\.limits\.cpus)$/.test(key);
    service.cpu ||= /limits|^\{/.test(limits) && /\bcpus\s*:/.test(limits);
    service.memory ||= /^(?:mem_limit|deploy\.resources\.limits\.memory)$/.test(key);
    service.memory ||= /limits|^\{/.test(limits) && /\bmemory\s*:/.test(limits);
  }
  return [...services.values()];
}
