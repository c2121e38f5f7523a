import { once } from 'node:events';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PROGRAMS } from '../programs.ts';
import { certificates } from '../sources/certificates.ts';
import { project, startCli } from './run-cli.ts';

const PATIENCE = { timeout: 120_000, interval: 50 };
const RELOADED = 'certificates reloaded: new connections use them';
const NOT_RELOADED = 'certificates not reloaded; keeping the last good ones';

/** Longer than any of the PEM texts. */
const SIZE = 4_096;
const A_MOMENT = new Date('2026-01-01T00:00:00Z');

/** Writes a file as a storage does that shows no changes: its inode, size and time stay. */
function writeUnseen(path: string, text: string): void {
  writeFileSync(path, text.padEnd(SIZE, '\n'));
  utimesSync(path, A_MOMENT, A_MOMENT);
}

describe.skipIf(!PROGRAMS.openssl)('SIGHUP reads certificates again', () => {
  const { at, read } = certificates('localhost', 'first', 'second');

  /** A subgraph that asks for certificates, and answers with the name in the gateway's. Each request has a connection of its own. */
  async function subgraph(): Promise<string> {
    const options = { cert: read('localhost.pem'), key: read('localhost.key'), ca: read('ca.pem'), requestCert: true };
    const server = createServer(options, (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      response.setHeader('connection', 'close').end(JSON.stringify({ data: { who: subject?.CN } }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return `https://localhost:${(server.address() as AddressInfo).port}/graphql`;
  }

  /** A gateway with certificates in files of its own. */
  async function gateway(workers: number) {
    const dir = await project({
      'schemas/who.graphql': `extend schema @subgraph(url: "${await subgraph()}")\ntype Query { who: String }`,
      'headgate.yaml': `tls:
  supergraph: { certificate: server.pem, key: server.key }
  subgraph:
    all: { certificate_authorities: "${at('ca.pem')}", client_authentication: { certificate_chain: client.pem, key: client.key } }
`,
    });
    const use = (file: 'server' | 'client', name: string, parts = ['pem', 'key']) => {
      for (const part of parts) writeUnseen(join(dir, `${file}.${part}`), readFileSync(at(`${name}.${part}`), 'utf8'));
    };
    use('server', 'first');
    use('client', 'first');
    const cli = startCli(dir, ['start', '--port', '0', '--workers', String(workers)]);
    await vi.waitFor(() => expect(cli.output.stdout, cli.output.stderr).toMatch(/^Headgate listening on /m), PATIENCE);
    const port = Number(new URL(/^Headgate listening on (\S+)$/m.exec(cli.output.stdout)?.[1] ?? '').port);
    return { dir, cli, use, port };
  }

  /** Sends a query over a new connection. Returns the name in the certificate of the gateway, and that which the subgraph saw. */
  async function ask(port: number): Promise<{ server: string; client: string }> {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const server = String(socket.getPeerCertificate().subject.CN);
    const body = '{"query":"{ who }"}';
    const head = `POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
    socket.write(head + body);
    let text = '';
    for await (const part of socket) text += part;
    return { server, client: /"who":"(\w+)"/.exec(text)?.[1] ?? text };
  }

  const countOf = (text: string, setting: string, message: string) =>
    text.split('\n').filter((line) => line.includes(`"${setting}"`) && line.includes(message)).length;

  test.each([1, 2])('of the gateway, and those that it shows to subgraphs, --workers %i', async (workers) => {
    const { cli, use, port } = await gateway(workers);
    expect(await ask(port)).toEqual({ server: 'first', client: 'first' });
    // no file has changed: nothing but the signal can be the reason
    process.kill(cli.pid, 'SIGHUP');
    for (const setting of ['tls.supergraph', 'tls.subgraph.all'])
      await vi.waitFor(() => expect(countOf(cli.output.stdout, setting, RELOADED)).toBe(workers), PATIENCE);

    use('client', 'second');
    expect((await ask(port)).client).toBe('first');
    use('server', 'second');
    process.kill(cli.pid, 'SIGHUP');
    await vi.waitFor(async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(port)));
      for (const answer of answers) expect(answer).toEqual({ server: 'second', client: 'second' });
    }, PATIENCE);
  });

  test('and keeps the last good ones of a subgraph where the new ones do not fit together', async () => {
    const { dir, cli, use, port } = await gateway(1);
    expect(statSync(join(dir, 'client.pem')).size).toBe(SIZE);
    use('client', 'second', ['pem']);
    process.kill(cli.pid, 'SIGHUP');
    await vi.waitFor(() => expect(countOf(cli.output.stdout, 'tls.subgraph.all', NOT_RELOADED)).toBe(1), PATIENCE);
    expect(cli.output.stdout).toContain('tls.subgraph.all: the certificates and the key cannot be used together');
    expect((await ask(port)).client).toBe('first');
  });
});
