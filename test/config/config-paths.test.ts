import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';

const YAML = `
api_keys: { file: keys.json }
authentication: { router: { jwt: { jwks: [{ file: ./sets/jwks.json }, { file: /etc/jwks.json }] } }, subgraph: { all: { http_message_signature: { key_file: keys/signing } } } }
authorization: { policies: { module: ../policies.ts } }
persisted_queries: { enabled: true, manifest: [manifest.json, operations] }
events:
  orders: { nats: { servers: "tls://a", credentials_file: nats.creds, tls: { certificate_authorities: tls/ca.pem } } }
  stock: { redis: { url: "rediss://a", tls: { client_authentication: { certificate_chain: tls/own.pem, key: tls/own.key } } } }
tls:
  supergraph: { certificate: tls/cert.pem, key: "-----BEGIN PRIVATE KEY-----", client_ca: tls/ca.pem }
  subgraph:
    all: { certificate_authorities: tls/ca.pem }
    subgraphs: { stock: { client_authentication: { certificate_chain: tls/own.pem, key: "-----BEGIN PRIVATE KEY-----" } } }
`;

test('paths are relative to the config file, wherever the gateway is started', () => {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'etc'));
  writeFileSync(join(dir, 'etc', 'headgate.yaml'), YAML);
  const config = loadConfig({ file: join(dir, 'etc', 'headgate.yaml'), env: {} });
  const etc = (path: string) => join(dir, 'etc', path);
  expect(config).toMatchObject({
    api_keys: { file: etc('keys.json') },
    authentication: {
      router: { jwt: { jwks: [{ file: etc('sets/jwks.json') }, { file: '/etc/jwks.json' }] } },
      subgraph: { all: { http_message_signature: { key_file: etc('keys/signing') } } },
    },
    authorization: { policies: { module: join(dir, 'policies.ts') } },
    persisted_queries: { manifest: [etc('manifest.json'), etc('operations')] },
    events: {
      orders: { nats: { credentials_file: etc('nats.creds'), tls: { certificate_authorities: etc('tls/ca.pem') } } },
      stock: {
        redis: { tls: { client_authentication: { certificate_chain: etc('tls/own.pem'), key: etc('tls/own.key') } } },
      },
    },
    tls: {
      supergraph: {
        certificate: etc('tls/cert.pem'),
        key: '-----BEGIN PRIVATE KEY-----',
        client_ca: etc('tls/ca.pem'),
      },
      subgraph: {
        all: { certificate_authorities: etc('tls/ca.pem') },
        subgraphs: {
          stock: {
            client_authentication: { certificate_chain: etc('tls/own.pem'), key: '-----BEGIN PRIVATE KEY-----' },
          },
        },
      },
    },
  });
});
