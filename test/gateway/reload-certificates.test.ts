import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { PROGRAMS } from '../programs.ts';
import { certificates } from '../sources/certificates.ts';
import { httpWorld } from './http-world.ts';

const shop = {
  products: { typeDefs: 'type Query { title: String }', resolvers: { Query: { title: () => 'one' } } },
};

describe.skipIf(!PROGRAMS.openssl)('certificates of the gateway', () => {
  const { at, read } = certificates('localhost', 'second', 'client');
  let dir = '';
  const current = (file: string) => join(dir, file);
  /** Writes certificate and key of a name, as a renewal does. */
  const use = (name: string, ...parts: ('pem' | 'key')[]) => {
    for (const part of parts) copyFileSync(at(`${name}.${part}`), current(`current.${part}`));
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'headgate-reload-'));
    use('localhost', 'pem', 'key');
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  });

  async function gateway(more: object = {}) {
    const tls = { supergraph: { certificate: current('current.pem'), key: current('current.key'), ...more } };
    return httpWorld(shop, { config: { tls } });
  }

  /** The name in the certificate that a new connection gets, or why there is none. */
  const nameAt = (port: number, client: object = {}): Promise<string> =>
    new Promise((resolve) => {
      const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...client }, () => {
        const name = String(socket.getPeerCertificate().subject.CN);
        // a client certificate is rejected only after this event in TLS 1.3
        socket.write('GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
        socket.once('data', () => {
          resolve(name);
          socket.destroy();
        });
      });
      socket.once('error', () => {}).once('close', () => resolve('rejected'));
    });

  it('change with their files, and open connections go on', async () => {
    const { server, lines } = await gateway();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    onTestFinished(() => agent.destroy());
    const sockets = new Set<unknown>();
    const ask = () =>
      new Promise<string>((resolve, reject) => {
        const body = '{"query":"{ title }"}';
        const headers = { 'content-type': 'application/json', 'content-length': body.length };
        const sent = request({
          agent,
          port: server.port,
          host: '127.0.0.1',
          path: '/graphql',
          method: 'POST',
          headers,
        });
        sent.on('socket', (socket) => sockets.add(socket)).on('error', reject);
        sent.on('response', (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => resolve(text));
        });
        sent.end(body);
      });
    expect(await ask()).toBe('{"data":{"title":"one"}}');
    expect(await nameAt(server.port)).toBe('localhost');
    use('second', 'pem', 'key');
    await expect.poll(() => nameAt(server.port), { timeout: 20_000 }).toBe('second');
    expect(await ask()).toBe('{"data":{"title":"one"}}');
    expect(sockets.size).toBe(1);
    expect(lines.map(({ msg }) => msg)).toContain('certificates reloaded: new connections use them');
  });

  it('stay the last good ones while the files do not fit together, with an error in the log', async () => {
    const { server, lines } = await gateway();
    use('second', 'pem');
    const failed = 'certificates not reloaded; keeping the last good ones';
    await expect.poll(() => lines.map(({ msg }) => msg), { timeout: 20_000 }).toContain(failed);
    expect(lines.find(({ msg }) => msg === failed)).toMatchObject({
      reason: expect.stringContaining('tls.supergraph: certificate, key and client_ca cannot be used together'),
    });
    expect(await nameAt(server.port)).toBe('localhost');
    use('second', 'key');
    await expect.poll(() => nameAt(server.port), { timeout: 20_000 }).toBe('second');
  });

  it('are read again on demand', async () => {
    const { server } = await gateway();
    use('second', 'pem');
    expect(server.reloadCertificates?.()).toBe(false);
    use('second', 'key');
    expect(server.reloadCertificates?.()).toBe(true);
    expect(await nameAt(server.port)).toBe('second');
  });

  it('change together with the authorities of client certificates', async () => {
    const client = { cert: read('client.pem'), key: read('client.key') };
    const other = at('second.pem');
    copyFileSync(other, current('authorities.pem'));
    const { server } = await gateway({ client_ca: current('authorities.pem'), require_client_certificate: true });
    expect(await nameAt(server.port, client)).toBe('rejected');
    writeFileSync(current('authorities.pem'), read('ca.pem'));
    await expect.poll(() => nameAt(server.port, client), { timeout: 20_000 }).toBe('localhost');
  });
});
