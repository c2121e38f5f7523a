import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { probeHealth } from '../../src/sources/http/health-probe.ts';
import { createHttpSource } from '../../src/sources/http/http-source.ts';
import { type CurrentTls, TlsFiles } from '../../src/sources/http/subgraph-tls.ts';
import type { SubgraphResponse } from '../../src/sources/source.ts';
import { PROGRAMS } from '../programs.ts';

describe.skipIf(!PROGRAMS.openssl)('TLS to a subgraph', () => {
  let dir: string;
  const at = (name: string) => join(dir, name);
  const read = (name: string) => readFileSync(at(name), 'utf8');

  /** An authority, and certificates by it for the subgraph and for two gateways. */
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'headgate-tls-'));
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=ca', '-days', '2');
    for (const name of ['localhost', 'first', 'second']) {
      writeFileSync(at(`${name}.ext`), `subjectAltName=DNS:${name}\n`);
      openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`];
      openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...by);
    }
  });

  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** A subgraph that asks for certificates, and answers with the name in the client's. */
  async function subgraph(): Promise<string> {
    const options = { cert: read('localhost.pem'), key: read('localhost.key'), ca: read('ca.pem'), requestCert: true };
    const server = createServer(options, (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      response.end(JSON.stringify({ data: { who: subject?.CN } }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return `https://localhost:${(server.address() as AddressInfo).port}/graphql`;
  }

  function ask(url: string, tls?: CurrentTls): () => Promise<SubgraphResponse> {
    const source = createHttpSource({ name: 'stock', url, pool: { tls, keepAliveMs: 1 } });
    onTestFinished(() => source.close());
    const request = { body: '{}', operationType: 'query', client: { requestId: 'r', headers: {} } } as const;
    return () => new Promise((resolve) => source.send(request, resolve));
  }

  it('trusts the authorities of the config, and shows the certificate of the gateway', async () => {
    const url = await subgraph();
    expect(await ask(url)()).toMatchObject({
      failure: { reason: expect.stringContaining('certificate is not trusted') },
    });
    const { current: tls } = new TlsFiles('tls.subgraph.all', {
      certificate_authorities: at('ca.pem'),
      client_authentication: { certificate_chain: at('first.pem'), key: read('first.key') },
    });
    expect(await ask(url, tls)()).toMatchObject({ text: '{"data":{"who":"first"}}' });
    const signal = new AbortController().signal;
    expect(await probeHealth(url, { timeoutMs: 60_000, pool: { tls } }, signal)).toBeUndefined();
    expect(await probeHealth(url, { timeoutMs: 60_000 }, signal)).toBe('certificate is not trusted');
  });

  it('reads files again when they have changed; what does not fit together is not used', async () => {
    const use = (name: string, part: 'pem' | 'key') => copyFileSync(at(`${name}.${part}`), at(`current.${part}`));
    use('first', 'pem');
    use('first', 'key');
    const { current: tls } = new TlsFiles('tls.subgraph.all', {
      certificate_authorities: at('ca.pem'),
      client_authentication: { certificate_chain: at('current.pem'), key: at('current.key') },
    });
    const who = ask(await subgraph(), tls);
    expect(await who()).toMatchObject({ text: '{"data":{"who":"first"}}' });
    const before = tls();
    expect(tls()).toBe(before);
    use('second', 'pem');
    expect(tls()).toBe(before);
    use('second', 'key');
    expect(tls().cert).toBe(read('second.pem'));
    await expect.poll(who).toMatchObject({ text: '{"data":{"who":"second"}}' });
  });

  it('reads files again on request, also where nothing says that they have changed', () => {
    const size = 4_096;
    const use = (name: string, part: 'pem' | 'key') => {
      writeFileSync(at(`same.${part}`), read(`${name}.${part}`).padEnd(size, '\n'));
      utimesSync(at(`same.${part}`), 1, 1);
    };
    use('first', 'pem');
    use('first', 'key');
    const unusable: string[] = [];
    const own = { certificate_chain: at('same.pem'), key: at('same.key') };
    const files = new TlsFiles('tls.subgraph.all', { client_authentication: own }, ({ message }) =>
      unusable.push(message),
    );
    const before = files.current();
    files.reload();
    expect(files.current()).toBe(before);
    use('second', 'pem');
    expect(() => files.reload()).toThrow('tls.subgraph.all: the certificates and the key cannot be used together');
    expect(files.current()).toBe(before);
    use('second', 'key');
    expect(files.current()).toBe(before);
    files.reload();
    expect(files.current().cert).toBe(read('second.pem').padEnd(size, '\n'));
    // a change that is noticed when a connection is opened, and cannot be used, is reported once
    writeFileSync(at('same.pem'), 'none');
    for (let connection = 0; connection < 2; connection++) files.current();
    expect(unusable).toHaveLength(1);
  });

  it('refuses files that cannot be read or do not fit together, and names the key', () => {
    const own = { certificate_chain: at('first.pem'), key: at('second.key') };
    expect(() => new TlsFiles('tls.subgraph.all', { client_authentication: own })).toThrow(
      'tls.subgraph.all: the certificates and the key cannot be used together',
    );
    expect(() => new TlsFiles('tls.subgraph.subgraphs.stock', { certificate_authorities: at('none.pem') })).toThrow(
      `tls.subgraph.subgraphs.stock.certificate_authorities: ${at('none.pem')} cannot be read (ENOENT); expected a PEM file or PEM text`,
    );
  });
});
