import type { CurrentTls, PemSource } from '../sources/http/subgraph-tls.ts';
import type { ConnectionCertificates } from './connection-certificates.ts';

type Env = Readonly<Record<string, string | undefined>>;

export type Signal = 'METRICS' | 'TRACES';

/**
 * Returns the certificates for the connection to a collector, from the files that the standard variables name; `undefined` where none does.
 * Throws `ConfigValueError` when they cannot be used.
 */
export function collectorTls(
  env: Env,
  signal: Signal,
  certificates: Pick<ConnectionCertificates, 'openSources'>,
): CurrentTls | undefined {
  const source = (name: string): PemSource | undefined => {
    const variable = [`OTEL_EXPORTER_OTLP_${signal}_${name}`, `OTEL_EXPORTER_OTLP_${name}`].find((one) => env[one]);
    return variable === undefined ? undefined : { name: variable, value: env[variable] ?? '' };
  };
  const sources = { ca: source('CERTIFICATE'), cert: source('CLIENT_CERTIFICATE'), key: source('CLIENT_KEY') };
  const names = Object.values(sources).flatMap((one) => one?.name ?? []);
  return names.length === 0 ? undefined : certificates.openSources(names.join(', '), sources);
}
