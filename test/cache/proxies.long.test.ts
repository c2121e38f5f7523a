import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PROGRAMS } from '../programs.ts';
import { rawGet } from './raw-get.ts';
import { type Shop, shop } from './shop.ts';

const LIST = '{ products { id name } }';
const KEY = 'a-shared-key-for-tests';

/** Caches of HTTP as others run them, in front of the gateway. */
const NGINX = (port: number, backend: string, dir: string) => `
daemon off; master_process off; pid ${dir}/pid; error_log ${dir}/error.log;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join(' ')}
  proxy_cache_path ${dir}/cache keys_zone=shop:1m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://${backend};
      proxy_cache shop;
      proxy_cache_revalidate on;
      add_header x-cache $upstream_cache_status;
    }
  }
}`;

const VARNISH = (host: string, port: string) => `vcl 4.1;
backend gateway { .host = "${host}"; .port = "${port}"; }
sub vcl_recv {
  if (req.method == "PURGE") {
    ban("obj.http.surrogate-key ~ (^|\\s)" + req.http.x-tag + "(\\s|$)");
    return (synth(200, "Purged"));
  }
  unset req.http.cookie;
}
sub vcl_deliver { set resp.http.x-cache = "MISS"; if (obj.hits > 0) { set resp.http.x-cache = "HIT"; } }`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a proxy, waits until it accepts connections, and ends it after the test. */
async function start(program: string, args: readonly string[], port: number): Promise<string> {
  const child: ChildProcess = spawn(program, args, {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const isOpen = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== undefined));
      socket.once('error', () => resolve(false));
    });
  await expect.poll(isOpen).toBe(true);
  return `http://127.0.0.1:${port}`;
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-proxy-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function nginx({ url }: Shop): Promise<string> {
  const [dir, port] = [folder(), await freePort()];
  mkdirSync(join(dir, 'cache'));
  writeFileSync(join(dir, 'nginx.conf'), NGINX(port, new URL(url).host, dir));
  return start('nginx', ['-p', dir, '-c', join(dir, 'nginx.conf')], port);
}

async function varnish({ url }: Shop): Promise<string> {
  const [dir, port] = [folder(), await freePort()];
  const { hostname, port: backend } = new URL(url);
  writeFileSync(join(dir, 'shop.vcl'), VARNISH(hostname, backend));
  const args = [
    // without a user of its own, which could not read the folder
    ...['-j', 'none'],
    '-F',
    '-a',
    `127.0.0.1:${port}`,
    '-f',
    join(dir, 'shop.vcl'),
    '-n',
    join(dir, 'work'),
    '-s',
    'malloc,16m',
  ];
  return start('varnishd', args, port);
}

async function get(proxy: string, query: string, headers: Record<string, string> = {}) {
  const response = await rawGet(`${proxy}/graphql?query=${encodeURIComponent(query)}`, headers);
  return { ...response, cache: response.headers['x-cache'], text: response.body.toString() };
}

const PROXIES = [
  ['nginx', PROGRAMS.nginx, nginx],
  ['varnish', PROGRAMS.varnishd, varnish],
] as const;

describe.each(PROXIES)('behind %s', (_, isThere, proxy) => {
  it.skipIf(!isThere)('a response that is the same for all is cached there', async () => {
    const world = await shop();
    const at = await proxy(world);
    const first = await get(at, LIST);
    const second = await get(at, LIST);
    expect([first.cache, second.cache, second.text]).toEqual(['MISS', 'HIT', first.text]);
    expect(world.counts()).toEqual({ products: 1, reviews: 0 });
  });

  it.skipIf(!isThere)('a client that has the response gets a 304', async () => {
    const world = await shop();
    const at = await proxy(world);
    const { headers } = await get(at, LIST);
    const again = await get(at, LIST, { 'if-none-match': headers.etag ?? '' });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it.skipIf(!isThere)('private responses, errors, and what varies by a header are kept apart', async () => {
    const world = await shop({}, { headers: { all: { request: [{ propagate: { named: 'x-tenant' } }] } } });
    const at = await proxy(world);
    for (const query of ['{ me { name } }', '{ latest }']) {
      await get(at, query);
      expect((await get(at, query)).cache).not.toBe('HIT');
    }
    const caches = [];
    for (const tenant of ['a', 'b', 'a']) caches.push((await get(at, LIST, { 'x-tenant': tenant })).cache);
    expect(caches).toEqual(['MISS', 'MISS', 'HIT']);
  });
});

describe('behind varnish', () => {
  it.skipIf(!PROGRAMS.varnishd)('a response is purged by its tags, here and there', async () => {
    const world = await shop(
      { tag_header: 'surrogate-key', invalidation: { shared_key: KEY } },
      { admin: { listen: '127.0.0.1:0', token: 'a-token-for-operators' } },
    );
    const at = await varnish(world);
    await get(at, LIST);
    world.data.names[1] = 'Lantern';
    const invalidation = world.adminUrl?.replace(/admin$/, 'invalidation') ?? '';
    const body = JSON.stringify([{ kind: 'cache_tag', cache_tag: 'product-1' }]);
    await fetch(invalidation, {
      method: 'POST',
      headers: { authorization: KEY, 'content-type': 'application/json' },
      body,
    });
    await fetch(`${at}/graphql`, { method: 'PURGE', headers: { 'x-tag': 'product-1' } });
    expect((await get(at, LIST)).text).toContain('Lantern');
  });
});
