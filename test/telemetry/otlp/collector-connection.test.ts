import { copyFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { collectorTls } from '../../../src/gateway/collector-tls.ts';
import { ConnectionCertificates } from '../../../src/gateway/connection-certificates.ts';
import { openCollectorPool as openPool } from '../../../src/gateway/open-collector-pool.ts';
import { CollectorConnection } from '../../../src/telemetry/otlp/collector-connection.ts';
import { recordingLogger } from '../../gateway/serving.ts';
import { certificates } from '../../sources/certificates.ts';

const { at, read } = certificates('localhost', 'first', 'second');

/** A collector that asks for client certificates, and remembers whose it got. */
async function secureCollector() {
  const exports: { readonly from: string; readonly port: number | undefined }[] = [];
  const tls = { key: read('localhost.key'), cert: read('localhost.pem'), ca: read('ca.pem') };
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, (req, res) => {
    const { CN } = (req.socket as TLSSocket).getPeerCertificate().subject;
    exports.push({ from: String(CN), port: req.socket.remotePort });
    req.resume().on('end', () => res.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `https://localhost:${(server.address() as AddressInfo).port}/v1/traces`, exports };
}

const use = (name: string, part: 'pem' | 'key') => copyFileSync(at(`${name}.${part}`), at(`current.${part}`));

it('sends with the certificates that the variables name, and with new ones when the files have changed', async () => {
  use('first', 'pem');
  use('first', 'key');
  const { url, exports } = await secureCollector();
  const { logger, lines } = recordingLogger();
  const env = {
    OTEL_EXPORTER_OTLP_CERTIFICATE: at('ca.pem'),
    OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: at('current.pem'),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: at('current.key'),
  };
  const tls = collectorTls(env, 'TRACES', new ConnectionCertificates(logger));
  const options = { url, headers: {}, contentType: 'application/json', compression: 'none', timeout: 20_000 } as const;
  const connection = new CollectorConnection({ ...options, tls, openPool });
  onTestFinished(() => connection.close());
  const send = async () => {
    await connection.send(Buffer.from('{}'));
    return exports.at(-1);
  };
  const first = await send();
  expect(first?.from).toBe('first');
  // the connection is used again
  expect(await send()).toEqual(first);
  use('second', 'pem');
  expect((await send())?.from).toBe('first');
  expect(lines.map(({ setting }) => setting)).toEqual([
    'OTEL_EXPORTER_OTLP_CERTIFICATE, OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE, OTEL_EXPORTER_OTLP_CLIENT_KEY',
  ]);
  use('second', 'key');
  expect((await send())?.from).toBe('second');
});

it('has no certificates of its own where no variable names any', () => {
  const { logger } = recordingLogger();
  expect(collectorTls({}, 'METRICS', new ConnectionCertificates(logger))).toBeUndefined();
});

it('refuses a file that cannot be read, and names the variable', () => {
  const { logger } = recordingLogger();
  const env = { OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: at('none.pem') };
  expect(() => collectorTls(env, 'METRICS', new ConnectionCertificates(logger))).toThrow(
    `OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: ${at('none.pem')} cannot be read (ENOENT); expected a PEM file or PEM text`,
  );
});
