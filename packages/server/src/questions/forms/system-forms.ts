import { asks, type Form } from './form.ts';

/** A form about some fields of the system's status. */
function statusFields(words: string, example: string, fields: string[]): Form {
  return {
    example,
    pattern: asks(
      `(?:(?:what is|show|get|how much|how is|how busy is|how full is|how long has) )?(?:the |is )?(?:current )?(?:system |server |machine )?(?:${words})(?: (?:of )?(?:the )?(?:system|server|machine|borgos))?`,
    ),
    async answer(_, ask) {
      const status = Object(await ask.run('get_status', {}));
      return fields.length === 0
        ? status
        : Object.fromEntries(fields.map((field) => [field, status[field]]));
    },
  };
}

export const systemForms: readonly Form[] = [
  statusFields('status|system|server', 'show the system status', []),
  statusFields('cpu(?: usage| load| percent)?|load', 'what is the cpu usage', ['cpu_percent']),
  statusFields('memory(?: usage)?|ram(?: usage)?|memory is used', 'how much memory is used', [
    'memory_percent',
  ]),
  statusFields('disk(?: usage| space)?|disk is used', 'how full is the disk', ['disk_percent']),
  statusFields(
    'uptime|been up|been running|borgos been (?:up|running)|server been (?:up|running)',
    'how long has the server been up',
    ['uptime_seconds'],
  ),
  statusFields('version(?: of borgos)?', 'what is the version of BorgOS', ['version']),
];
