import type { Deployment } from '@borgos/contracts/deployments';
import type { HttpServer } from './server.ts';

/** What the page at `/` shows. */
export interface HomeData {
  version: string;
  /** Which PostgreSQL, for a person. */
  database: string;
  /** What runs deployments, for a person. */
  runtime: string;
  uptimeSeconds: number;
  projects: number;
  /** Newest first; all of them or the first few. */
  deployments: Pick<Deployment, 'name' | 'url' | 'status' | 'status_reason'>[];
  deploymentsTotal: number;
}

const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const tones: Record<Deployment['status'], string> = {
  queued: 'info',
  building: 'info',
  starting: 'info',
  running: 'ok',
  unhealthy: 'warn',
  crash_loop: 'error',
  stopping: 'info',
  stopped: 'muted',
  failed: 'error',
};

/** Adds the page at `/`. */
export function serveHomePage(http: HttpServer, read: () => Promise<HomeData>): void {
  http.fastify.get('/', { config: { scope: 'deployments:read' } }, async (_request, reply) => {
    const page = homePage(await read());
    reply.headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy,
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    return page;
  });
}

/** A whole HTML page that needs neither scripts nor other files. */
export function homePage(data: HomeData): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>BorgOS</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%230B7A6E'/%3E%3Cpath d='M5 4h4a2 2 0 0 1 0 4H5zm0 4h5a2 2 0 0 1 0 4H5z' fill='none' stroke='white' stroke-width='1.5'/%3E%3C/svg%3E">
<style>${style}</style>
</head>
<body>
<header>
<h1>BorgOS</h1>
<p class="muted">Version ${escapeHtml(data.version)}, up ${duration(data.uptimeSeconds)}</p>
</header>
<main>
<section aria-label="System">
<dl>
<div><dt>Projects</dt><dd class="figure">${data.projects}</dd></div>
<div><dt>Deployments</dt><dd class="figure">${data.deploymentsTotal}</dd></div>
<div><dt>Runtime</dt><dd>${escapeHtml(data.runtime)}</dd></div>
<div><dt>Database</dt><dd>${escapeHtml(data.database)}</dd></div>
</dl>
</section>
<section>
<h2>Deployments</h2>
${deploymentList(data)}
</section>
</main>
<footer>
<nav aria-label="More">
<a href="/docs">API documentation</a>
<a href="/api/v1/openapi.json">OpenAPI document</a>
<a href="/api/v1/projects">Projects</a>
<a href="/api/v1/status">Status</a>
<a href="/health">Health</a>
<a href="/metrics">Metrics</a>
</nav>
</footer>
</body>
</html>
`;
}

function deploymentList({ deployments, deploymentsTotal, projects }: HomeData): string {
  if (deploymentsTotal === 0) {
    const next =
      projects === 0 ? 'Register a project, then deploy it' : 'Deploy one of your projects';
    return `<p class="empty">Nothing is deployed yet. ${next}: <a href="/docs">the API documentation</a> shows how.</p>`;
  }
  const rows = deployments.map(({ name, url, status, status_reason }) => {
    const title = status === 'running' ? link(url, name) : escapeHtml(name);
    const reason = status_reason ? `<p class="muted">${escapeHtml(status_reason)}</p>` : '';
    const label = escapeHtml(status.replaceAll('_', ' '));
    return `<li><div><strong>${title}</strong> <span class="muted">${escapeHtml(url)}</span>${reason}</div><span class="status ${tones[status]}">${label}</span></li>`;
  });
  const rest = deploymentsTotal - deployments.length;
  const more = rest > 0 ? `<p><a href="/api/v1/deployments">and ${rest} more</a></p>` : '';
  return `<ul>\n${rows.join('\n')}\n</ul>${more}`;
}

/** A link only where it leads to the web: a stored "javascript:" must not run here. */
function link(url: string, text: string): string {
  return /^https?:\/\//.test(url)
    ? `<a href="${escapeHtml(url)}">${escapeHtml(text)}</a>`
    : escapeHtml(text);
}

function duration(seconds: number): string {
  const units: [number, string][] = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ];
  for (const [length, name] of units) {
    const count = Math.floor(seconds / length);
    if (count > 0) return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return 'less than a minute';
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

const style = `
:root{--bg:#fff;--surface:#f7f8f8;--line:#e3e6e8;--text:#16191d;--muted:#565e67;--accent:#0b7a6e;--ok:#18794e;--warn:#8f5a00;--error:#c2322d;--info:#1d64c9}
@media (prefers-color-scheme:dark){:root{--bg:#0c0e11;--surface:#13161a;--line:#2a2f36;--text:#eceef0;--muted:#a0a8b1;--accent:#3dd6c0;--ok:#4cc38a;--warn:#f0b13c;--error:#ff7b72;--info:#70b0ff}}
*{box-sizing:border-box;margin:0}
body{background:var(--bg);color:var(--text);font:14px/22px system-ui,sans-serif;max-width:832px;margin:0 auto;padding:32px 16px}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 12px;margin-bottom:24px}
h1{font-size:24px;line-height:32px;letter-spacing:-.01em}
h2{font-size:16px;line-height:24px;margin:32px 0 12px}
a{color:var(--accent);text-underline-offset:2px}
a:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}
.muted,dt{color:var(--muted)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(176px,1fr));gap:1px;background:var(--line);border:1px solid var(--line);border-radius:8px;overflow:hidden}
dl div{background:var(--surface);padding:12px 16px}
dd{overflow-wrap:anywhere}
.figure{font-size:24px;line-height:32px;font-variant-numeric:tabular-nums}
ul{list-style:none;padding:0;border:1px solid var(--line);border-radius:8px}
li{display:flex;justify-content:space-between;align-items:flex-start;gap:16px;padding:12px 16px;overflow-wrap:anywhere}
li+li{border-top:1px solid var(--line)}
.status{flex:none;border:1px solid currentColor;border-radius:12px;padding:0 10px;font-size:12px;line-height:20px}
.ok{color:var(--ok)}.warn{color:var(--warn)}.error{color:var(--error)}.info{color:var(--info)}
.empty{border:1px dashed var(--line);border-radius:8px;padding:24px 16px;color:var(--muted)}
ul+p{margin-top:8px}
footer{margin-top:32px;padding-top:16px;border-top:1px solid var(--line)}
nav{display:flex;flex-wrap:wrap;gap:4px 16px}
`;
