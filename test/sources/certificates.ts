import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

export interface Certificates {
  /** The path of a file, such as `ca.pem`, `localhost.pem` or `localhost.key`. */
  readonly at: (file: string) => string;
  readonly read: (file: string) => string;
  /** Runs openssl in the folder of the files. */
  readonly openssl: (...args: string[]) => void;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes an authority, `ca.pem`, and a certificate by it for each name, before the tests of a file. Needs openssl. */
export function certificates(...names: readonly string[]): Certificates {
  let dir = '';
  const at = (file: string) => join(dir, file);
  const openssl = (...args: string[]) => void execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'headgate-certificates-'));
    openssl('req', '-x509', ...NEW_KEY, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=ca', '-days', '2');
    for (const name of names) {
      writeFileSync(at(`${name}.ext`), `subjectAltName=DNS:${name}\n`);
      openssl('req', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`];
      openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...by);
    }
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  return { at, read: (file) => readFileSync(at(file), 'utf8'), openssl };
}
