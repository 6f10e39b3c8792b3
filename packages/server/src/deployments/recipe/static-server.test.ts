import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('./static-server.mjs', import.meta.url));
const secret = 'SECRET-OF-ANOTHER-FOLDER';
const pause = 10_000;

interface Site {
  port: number;
  child: ChildProcess;
  url: (path: string) => string;
}

/** Resolves when the server listens, by the line that it prints. */
async function serve(folder: string, ...flags: string[]): Promise<Site> {
  const environment = { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1' };
  const child = spawn(process.execPath, [program, folder, ...flags], { env: environment });
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    const port = Number(/on port (\d+)/.exec(output)?.[1]);
    if (port) return { port, child, url: (path) => `http://127.0.0.1:${port}${path}` };
  }
  throw new Error(`The server ended: ${output}`);
}

/** What comes back for bytes that no HTTP client would send. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(pause, () => socket.destroy(new Error('no answer')));
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

let base: string;
let site: Site;
let app: Site;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'borgos-static-'));
  const files = {
    'index.html': '<p>home',
    'about.html': '<p>about',
    'data.json': '{}',
    'ten.txt': '0123456789',
    'empty.css': '',
    'docs/index.html': '<p>docs',
    'both/deep.html': '<p>deep',
    'both.html': '<p>both',
    'a b/ü.html': '<p>umlaut',
    'folder/x.js': 'x',
    '.env': secret,
    '.git/config': secret,
    '.well-known/security.txt': 'contact',
    '404.html': '<p>lost',
  };
  for (const [path, content] of Object.entries(files)) {
    const file = join(base, 'site', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  await mkdir(join(base, 'site2'));
  await writeFile(join(base, 'secret.txt'), secret);
  await writeFile(join(base, 'site2', 'secret.txt'), secret);
  await symlink('../secret.txt', join(base, 'site', 'out.txt'));
  await symlink(base, join(base, 'site', 'outside'));
  await symlink('.env', join(base, 'site', 'hidden.txt'));
  await symlink('data.json', join(base, 'site', 'inside.json'));
  site = await serve(join(base, 'site'));
  app = await serve(join(base, 'site'), '--single-page');
}, 20_000);

afterAll(async () => {
  for (const { child } of [site, app]) child.kill('SIGKILL');
  await rm(base, { recursive: true, force: true });
});

describe('the static server', () => {
  it('serves files with their types, to be asked for again', async () => {
    const answer = await fetch(site.url('/'));
    expect(await answer.text()).toBe('<p>home');
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await fetch(site.url('/data.json'))).headers.get('content-type')).toBe(
      'application/json',
    );
    expect((await fetch(site.url('/inside.json'))).status).toBe(200);
    expect(await (await fetch(site.url('/empty.css'))).text()).toBe('');
    expect(await (await fetch(site.url('/a%20b/%C3%BC.html?x=1'))).text()).toBe('<p>umlaut');
    expect(await (await fetch(site.url('/.well-known/security.txt'))).text()).toBe('contact');
  });

  it('answers HEAD as GET without a body, and nothing else', async () => {
    const head = await fetch(site.url('/ten.txt'), { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe('10');
    expect(await head.text()).toBe('');
    const post = await fetch(site.url('/ten.txt'), { method: 'POST', body: 'x' });
    expect(post.status).toBe(405);
    expect(post.headers.get('allow')).toBe('GET, HEAD');
  });

  it('adds the slash of a folder, never as the address of another host', async () => {
    const answer = await fetch(site.url('/docs?a=b'), { redirect: 'manual' });
    expect(answer.status).toBe(301);
    expect(answer.headers.get('location')).toBe('/docs/?a=b');
    expect(await (await fetch(site.url('/docs/'))).text()).toBe('<p>docs');
    const sly = await fetch(site.url('//docs'), { redirect: 'manual' });
    expect(sly.headers.get('location')).toBe('/docs/');
  });

  it('finds pages without their ending, also beside a folder of that name', async () => {
    expect(await (await fetch(site.url('/about'))).text()).toBe('<p>about');
    expect(await (await fetch(site.url('/both'))).text()).toBe('<p>both');
  });

  it('answers unknown paths with 404.html, and lists no folder', async () => {
    for (const path of ['/nothing', '/folder/', '/folder', '/ten.txt/', '/about/x']) {
      const answer = await fetch(site.url(path));
      expect(answer.status).toBe(404);
      expect(await answer.text()).toBe('<p>lost');
    }
  });

  it('answers unknown pages of a single-page app with its page, but not missing scripts', async () => {
    const page = await fetch(app.url('/users/7'));
    expect([page.status, await page.text()]).toEqual([200, '<p>home']);
    const dotted = await fetch(app.url('/users/a.b'), { headers: { accept: 'text/html' } });
    expect(dotted.status).toBe(200);
    expect((await fetch(app.url('/assets/gone.js'))).status).toBe(404);
  });

  it('says 304 to who has it, by tag first and by date else', async () => {
    const first = await fetch(site.url('/ten.txt'));
    const tag = first.headers.get('etag') ?? '';
    const date = first.headers.get('last-modified') ?? '';
    const status = async (headers: Record<string, string>) =>
      (await fetch(site.url('/ten.txt'), { headers, cache: 'no-store' })).status;
    expect(await status({ 'if-none-match': tag })).toBe(304);
    expect(await status({ 'if-none-match': `"x", W/${tag}` })).toBe(304);
    expect(await status({ 'if-none-match': '"x"', 'if-modified-since': date })).toBe(200);
    expect(await status({ 'if-modified-since': date })).toBe(304);
    expect(await status({ 'if-modified-since': new Date(0).toUTCString() })).toBe(200);
    expect(await status({ 'if-modified-since': 'nonsense' })).toBe(200);
  });

  it('has another tag for other content of the same size and modification time', async () => {
    const file = join(base, 'site', 'same.txt');
    const release = async (content: string) => {
      await rm(file, { force: true });
      await writeFile(file, content);
      await utimes(file, 1, 1);
      return (await fetch(site.url('/same.txt'))).headers.get('etag');
    };
    expect(await release('one')).not.toBe(await release('two'));
  });

  it('serves one range, and the whole for what it can not read', async () => {
    const get = async (range: string, more: Record<string, string> = {}) => {
      const answer = await fetch(site.url('/ten.txt'), { headers: { range, ...more } });
      return [answer.status, answer.headers.get('content-range'), await answer.text()];
    };
    expect(await get('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234']);
    expect(await get('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await get('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await get('bytes=0-99')).toEqual([206, 'bytes 0-9/10', '0123456789']);
    expect((await get('bytes=10-')).slice(0, 2)).toEqual([416, 'bytes */10']);
    expect((await get('bytes=-0'))[0]).toBe(416);
    for (const whole of ['bytes=4-2', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-']) {
      expect(await get(whole)).toEqual([200, null, '0123456789']);
    }
    expect((await get('bytes=0-1', { 'if-range': '"old"' }))[0]).toBe(200);
  });

  it('serves nothing hidden and nothing from outside, by no path and no link', async () => {
    const paths = [
      ...['/.env', '/.git/config', '/%2eenv', '/hidden.txt', '/out.txt', '/outside/secret.txt'],
      ...['/../secret.txt', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '/docs/../../secret.txt'],
      ...['/../site2/secret.txt', '/..\\secret.txt', '/ten.txt%00.html', '/%', '//../secret.txt'],
      ...['/outside/site2/secret', `${base}/secret.txt`],
    ];
    for (const path of paths) {
      const answer = await raw(
        site.port,
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /);
      expect(answer).not.toContain(secret);
    }
  });

  it('never serves a byte from outside, whatever the path', async () => {
    const segment = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '',
        '%2e%2e',
        '%2E.',
        '..%2f',
        '%2f',
        '%5c',
        '..\\',
        '%00',
        '%c0%ae%c0%ae',
      ),
      fc.constantFrom(
        'secret.txt',
        'secret',
        'outside',
        'out.txt',
        'hidden.txt',
        '.env',
        '.git',
        'config',
      ),
      fc.constantFrom('docs', 'site', 'site2', 'etc', 'passwd', '.well-known', 'a%20b'),
      fc.string({ unit: fc.constantFrom(...'.%2e/\\a~'), maxLength: 6 }),
    );
    const path = fc.array(segment, { maxLength: 7 }).map((segments) => `/${segments.join('/')}`);
    await fc.assert(
      fc.asyncProperty(path, fc.boolean(), async (text, single) => {
        const { port } = single ? app : site;
        const answer = await raw(
          port,
          `GET ${text} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 (200|301|400|404) /);
        expect(answer).not.toContain(secret);
        expect(answer).not.toContain('root:');
        expect(answer).not.toMatch(/location: \/\//i);
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  it('streams: a large file to a slow reader costs little memory, and one that hangs up nothing', async () => {
    const size = 200 * 1024 * 1024;
    const file = join(base, 'site', 'large.bin');
    await writeFile(file, '');
    await truncate(file, size);
    const hangUp = new AbortController();
    const cut = await fetch(site.url('/large.bin'), { signal: hangUp.signal });
    await cut.body?.getReader().read();
    hangUp.abort();
    let received = 0;
    for await (const chunk of (await fetch(site.url('/large.bin'))).body ?? [])
      received += chunk.length;
    expect(received).toBe(size);
    if (process.platform !== 'linux') return;
    const status = await readFile(`/proc/${site.child.pid}/status`, 'utf8');
    expect(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(180 * 1024);
  }, 30_000);

  it('on SIGTERM lets a request in flight end, takes no new one, and exits with 0', async () => {
    const stopped = await serve(join(base, 'site'));
    const file = join(base, 'site', 'long.bin');
    await writeFile(file, Buffer.alloc(32 * 1024 * 1024));
    const answer = await fetch(stopped.url('/long.bin'));
    const exit = once(stopped.child, 'exit');
    stopped.child.kill('SIGTERM');
    expect((await answer.arrayBuffer()).byteLength).toBe(32 * 1024 * 1024);
    expect(await exit).toEqual([0, null]);
    await expect(fetch(stopped.url('/'))).rejects.toThrow();
  });

  it('says why it can not start', async () => {
    const fail = async (args: string[], env: Record<string, string> = {}) => {
      const child = spawn(process.execPath, [program, ...args], {
        env: { HOST: '127.0.0.1', ...env },
      });
      let said = '';
      for await (const chunk of child.stderr) said += String(chunk);
      expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(1);
      return said;
    };
    expect(await fail([])).toContain('Name the folder');
    expect(await fail([join(base, 'gone')])).toContain('Did the build make it?');
    expect(await fail([base], { PORT: 'x' })).toContain('PORT is no port: x');
    expect(await fail([base], { PORT: String(site.port) })).toContain(
      `Can't listen on port ${site.port}`,
    );
  });
});
