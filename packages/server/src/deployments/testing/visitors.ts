import { Agent, get } from 'node:http';

export interface Visitors {
  /** Stops them, and returns what each request was answered, or how it failed. */
  leave(): Promise<string[]>;
  /** How many answers there are so far. */
  count(): number;
}

/** Visitors who ask without a pause: some on connections that are kept, some on a new one each time. */
export function startVisitors(port: number): Visitors {
  const answers: string[] = [];
  const kept = new Agent({ keepAlive: true, maxSockets: 3 });
  const fresh = new Agent({ keepAlive: false, maxSockets: 3 });
  let done = false;
  const visits = [kept, kept, kept, fresh, fresh, fresh].map(async (agent) => {
    while (!done) answers.push(await ask(port, agent));
  });
  return {
    async leave() {
      done = true;
      await Promise.all(visits);
      kept.destroy();
      fresh.destroy();
      return answers;
    },
    count: () => answers.length,
  };
}

function ask(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const failed = (error: Error) => resolve(`failed: ${error.message}`);
    const request = get({ host: '127.0.0.1', port, agent, timeout: 10_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
      response.on('error', failed);
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', failed);
  });
}
