import { existsSync, readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { TracingOptions } from '../http/middleware/tracing.ts';
import { addressSet } from '../policy/client-address.ts';
import type { Tracer } from '../shared/trace.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Closers } from './closers.ts';
import { collectorTls } from './collector-tls.ts';
import type { ConnectionCertificates } from './connection-certificates.ts';
import { openCollectorPool } from './open-collector-pool.ts';

/** The longest time for which a gateway that stops waits for the collector, in milliseconds. */
const LONGEST_FLUSH_MS = 3_000;

/** Opens what records traces, and loads the code for it; `undefined` where they are off. */
export async function openTracing(
  config: Config,
  { logger, certificates }: { readonly logger: Logger; readonly certificates: ConnectionCertificates },
  closers: Closers,
): Promise<Tracer | undefined> {
  const { tracing } = config.telemetry.exporters;
  if (!tracing.otlp.enabled) return undefined;
  const tls = collectorTls(process.env, 'TRACES', certificates);
  const { openTracer } = await import('../telemetry/tracing/open-tracer.ts');
  const tracer = openTracer({
    settings: tracing,
    tls,
    openPool: openCollectorPool,
    version: packageVersion(),
    logger,
    summaryMs: config.telemetry.logging.summary_interval,
    closeMs: Math.min(config.shutdown.grace, LONGEST_FLUSH_MS),
  });
  closers.add(() => tracer.close());
  return tracer;
}

/** Returns how requests are traced. */
export function tracingOptions(tracer: Tracer, { trusted_proxies, telemetry }: Config): TracingOptions {
  const trusts = trusted_proxies ? addressSet(trusted_proxies.addresses) : () => false;
  return { tracer, trusts, clientNames: telemetry.client_awareness };
}

/**
 * Returns the header rules, with those that `propagation` stands for. Baggage can change a response, so it is passed on like any header
 * of a client: requests with different baggage share nothing.
 */
export function withPropagation({ headers, telemetry }: Pick<Config, 'headers' | 'telemetry'>): Config['headers'] {
  const { otlp, propagation } = telemetry.exporters.tracing;
  const { baggage, trace_context } = propagation;
  // where traces are on, they set these headers
  const passesContext = otlp.enabled || trace_context;
  const rules = [
    ...(baggage ? [{ propagate: { named: ['baggage'] } }] : []),
    ...(passesContext ? [] : [{ remove: { named: ['traceparent', 'tracestate'] } }]),
  ];
  return rules.length === 0
    ? headers
    : { ...headers, all: { ...headers.all, request: [...rules, ...headers.all.request] } };
}

/** Returns the version of Headgate. Its package is two folders above this file, or one in a bundle. */
function packageVersion(): string {
  for (const path of ['../../package.json', '../package.json']) {
    const file = new URL(path, import.meta.url);
    const found = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
    if (found.name === 'headgate') return found.version;
  }
  return 'unknown';
}
