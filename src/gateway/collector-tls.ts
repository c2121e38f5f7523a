import { ConfigValueError } from '../config/config-value-error.ts';
import { pathWithoutSecrets } from '../shared/path-without-secrets.ts';
import { readRegularFileSync } from '../shared/read-regular-file.ts';
import type { CollectorTls } from '../telemetry/otlp/collector-connection.ts';

/** Reads the certificates for the connection to a collector from the files that the standard variables name. Throws `ConfigValueError`. */
export function collectorTls(
  env: Readonly<Record<string, string | undefined>>,
  signal: 'METRICS' | 'TRACES',
): CollectorTls {
  const read = (name: string): string | undefined => {
    const variable = [`OTEL_EXPORTER_OTLP_${signal}_${name}`, `OTEL_EXPORTER_OTLP_${name}`].find((one) => env[one]);
    if (variable === undefined) return undefined;
    const path = env[variable] ?? '';
    try {
      return readRegularFileSync(path);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      throw new ConfigValueError(`${variable}: ${pathWithoutSecrets(path)} cannot be read: ${reason}.`);
    }
  };
  return { ca: read('CERTIFICATE'), cert: read('CLIENT_CERTIFICATE'), key: read('CLIENT_KEY') };
}
