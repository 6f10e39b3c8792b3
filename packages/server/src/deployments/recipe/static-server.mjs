// Serves a folder of files over HTTP. It is put into a build and run by whatever Node is there, so
// it is plain JavaScript without dependencies, and uses nothing that Node 16 has not.
//
//   node static-server.mjs <folder> [--single-page]
//
// PORT (8080) and HOST (0.0.0.0) come from the environment. With --single-page, unknown paths that
// look like pages are answered with index.html.
import { constants, createReadStream } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.htm': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.cjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.xml': 'text/xml; charset=utf-8',
  '.rss': 'application/rss+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.otf': 'font/otf',
  '.eot': 'application/vnd.ms-fontobject',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.wav': 'audio/wav',
  '.m4a': 'audio/mp4',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
  '.pdf': 'application/pdf',
  '.zip': 'application/zip',
  '.gz': 'application/gzip',
};

/** What reads nothing for so long is gone, and would hold its file open for ever. */
const idleTimeout = 120_000;
/** How long requests in flight may take to end after SIGTERM. */
const graceMs = 10_000;
const mostConnections = 4096;

const singlePage = process.argv.includes('--single-page');
const folder = process.argv.slice(2).find((word) => !word.startsWith('--'));
// biome-ignore lint/style/noProcessEnv: a program of its own, which has no settings.ts beside it
const { PORT, HOST } = process.env;
const port = Number(PORT || 8080);
if (folder === undefined) fail('Name the folder to serve: node static-server.mjs <folder>');
if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`PORT is no port: ${PORT}`);
const root = await realpath(folder).catch(() =>
  fail(`The folder ${folder} is not there. Did the build make it?`),
);
if (!(await stat(root)).isDirectory()) fail(`${folder} is no folder.`);

let stopping = false;
const server = createServer((request, response) => {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (stopping) response.setHeader('Connection', 'close');
  // Kept alive, it would outlast the last answer and hold up the end.
  response.on('close', () => stopping && request.socket.end());
  answer(request, response).catch((error) => {
    const busy = error.code === 'EMFILE' || error.code === 'ENFILE';
    if (!busy) console.error(error);
    if (response.headersSent) response.destroy();
    else plain(response, busy ? 503 : 500, busy ? 'Too busy, try again' : 'Internal server error');
  });
});
server.maxConnections = mostConnections;
server.timeout = idleTimeout;
// Longer than a proxy in front keeps a connection, so that it is never closed under a request.
server.keepAliveTimeout = 75_000;
server.on('error', (error) => fail(`Can't listen on port ${port}: ${error.message}`));
server.listen(port, HOST || '0.0.0.0', () => {
  console.log(`Serving ${folder} on port ${server.address().port}`);
});
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

function fail(message) {
  console.error(message);
  process.exit(1);
}

function stop() {
  if (stopping) return;
  stopping = true;
  server.close(() => process.exit(0));
  server.closeIdleConnections?.();
  setTimeout(() => process.exit(0), graceMs).unref();
}

async function answer(request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return plain(response, 405, 'Method not allowed');
  }
  const query = request.url.indexOf('?');
  const path = query < 0 ? request.url : request.url.slice(0, query);
  const segments = parsePath(path);
  if (segments === undefined) return plain(response, 400, 'Bad request');
  const found = await find(segments, path.endsWith('/'));
  if (found.redirect) {
    const location = `/${segments.map(encodeURIComponent).join('/')}/`;
    response.setHeader('Location', query < 0 ? location : location + request.url.slice(query));
    return plain(response, 301, 'Moved');
  }
  if (found.file) return sendFile(request, response, found.file, 200);
  if (singlePage && looksLikePage(request, segments)) {
    const page = await look(['index.html']);
    if (page?.isFile) return sendFile(request, response, page, 200);
  }
  const missing = await look(['404.html']);
  if (missing?.isFile) return sendFile(request, response, missing, 404);
  return plain(response, 404, 'Not found');
}

/** The names between the slashes, decoded; `undefined` for what is no path of ours. */
function parsePath(path) {
  if (!path.startsWith('/')) return undefined;
  try {
    const segments = path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent);
    // A separator that was encoded would become one in the name of the file.
    return segments.some((segment) => /[/\\\0]/.test(segment)) ? undefined : segments;
  } catch {
    return undefined;
  }
}

/** Names with a dot in front (`.env`, `.git`, `..`) aren't served, but for RFC 8615's folder. */
function isHidden(segments) {
  return segments.some(
    (segment, at) => segment.startsWith('.') && !(at === 0 && segment === '.well-known'),
  );
}

async function find(segments, slash) {
  const here = await look(segments);
  if (here?.isFile && !slash) return { file: here };
  if (here?.isDirectory) {
    const index = await look([...segments, 'index.html']);
    if (index?.isFile) return slash || segments.length === 0 ? { file: index } : { redirect: true };
  }
  if (slash || segments.length === 0) return {};
  // Exported sites have about.html and link to /about.
  const page = await look([...segments.slice(0, -1), `${segments[segments.length - 1]}.html`]);
  return page?.isFile ? { file: page } : {};
}

const absent = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'EPERM'];

/** What is at a path, by its real one: a symlink may lead about inside, but neither out nor to what is hidden. */
async function look(segments) {
  if (isHidden(segments)) return undefined;
  try {
    const path = await realpath(join(root, ...segments));
    const inside = path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
    if (!inside || isHidden(path.slice(root.length).split(sep).filter(Boolean))) return undefined;
    const stats = await stat(path);
    return { path, isFile: stats.isFile(), isDirectory: stats.isDirectory() };
  } catch (error) {
    if (absent.includes(error.code)) return undefined;
    throw error;
  }
}

/** A script or an image that is missing must not be answered with a page. */
function looksLikePage(request, segments) {
  const last = segments[segments.length - 1] ?? '';
  return extname(last) === '' || /\btext\/html\b/.test(request.headers.accept ?? '');
}

async function sendFile(request, response, { path }, status) {
  let handle;
  try {
    // NOFOLLOW: what was looked at must not have become a link. NONBLOCK: nor a fifo.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (absent.includes(error.code)) return plain(response, 404, 'Not found');
    throw error;
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) return plain(response, 404, 'Not found');
    setFileHeaders(response, path, stats);
    if (status === 200 && isUnchanged(request, response)) return response.writeHead(304).end();
    const range = status === 200 ? parseRange(request, response, stats.size) : undefined;
    if (range === 'unsatisfiable') {
      response.setHeader('Content-Range', `bytes */${stats.size}`);
      return plain(response, 416, 'Range not satisfiable');
    }
    const { start, end } = range ?? { start: 0, end: stats.size - 1 };
    if (range) response.setHeader('Content-Range', `bytes ${start}-${end}/${stats.size}`);
    response.writeHead(range ? 206 : status, { 'Content-Length': end - start + 1 });
    if (request.method === 'HEAD' || end < start) return response.end();
    await send(handle, response, start, end);
  } finally {
    await handle.close();
  }
}

function setFileHeaders(response, path, stats) {
  // A build may set all modification times to one and the same; the change of the inode tells apart
  // files of two releases then.
  const changed = Math.max(stats.mtimeMs, stats.ctimeMs);
  response.setHeader(
    'Content-Type',
    types[extname(path).toLowerCase()] ?? 'application/octet-stream',
  );
  response.setHeader('Last-Modified', new Date(changed).toUTCString());
  response.setHeader(
    'ETag',
    `"${stats.size.toString(16)}-${Math.floor(changed * 1000).toString(36)}"`,
  );
  // Kept, but asked for again: a new release is seen at once.
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('Accept-Ranges', 'bytes');
}

/** RFC 9110, section 13.2.2: the date counts only without a tag. */
function isUnchanged(request, response) {
  const tags = request.headers['if-none-match'];
  if (tags !== undefined) {
    const tag = response.getHeader('ETag');
    return (
      tags.trim() === '*' ||
      tags.split(',').some((other) => other.trim().replace(/^W\//, '') === tag)
    );
  }
  const since = Date.parse(request.headers['if-modified-since'] ?? '');
  return Date.parse(response.getHeader('Last-Modified')) <= since;
}

/** One range; several, or a malformed one, are answered with the whole file. */
function parseRange(request, response, size) {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(request.headers.range ?? '');
  if (!match || request.method !== 'GET' || (match[1] === '' && match[2] === '')) return undefined;
  const condition = request.headers['if-range'];
  const fits = [response.getHeader('ETag'), response.getHeader('Last-Modified')];
  if (condition !== undefined && !fits.includes(condition)) return undefined;
  const suffix = match[1] === '';
  const start = suffix ? Math.max(size - Number(match[2]), 0) : Number(match[1]);
  const end = suffix || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (!suffix && match[2] !== '' && Number(match[2]) < start) return undefined;
  return start >= size || end < start ? 'unsatisfiable' : { start, end };
}

/** Ends when all is sent or the client is gone. */
function send(handle, response, start, end) {
  const stream = createReadStream('', { fd: handle, start, end, autoClose: false });
  return new Promise((resolve) => {
    let sent = 0;
    stream.on('data', (chunk) => {
      sent += chunk.length;
    });
    pipeline(stream, response, () => {
      // A file that shrank leaves its client waiting for the rest.
      if (sent < end - start + 1) response.destroy();
      resolve();
    });
  });
}

function plain(response, status, text) {
  for (const name of ['ETag', 'Last-Modified', 'Accept-Ranges']) response.removeHeader(name);
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(text) + 1 });
  response.end(response.req?.method === 'HEAD' ? undefined : `${text}\n`);
}
