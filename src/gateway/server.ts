import type { Listener } from '../http/listener.ts';
import type { MetricsExport } from '../telemetry/otlp/export-metrics.ts';
import { type AdminListener, adminUrls, openAdmin } from './admin.ts';
import type { AdminCommand } from './admin-commands.ts';
import { type Assembly, type AssemblyOptions, assemble } from './assemble.ts';
import { type ClientListener, checkClientListener, listenForClients } from './client-listener.ts';
import { openMetricsExport } from './open-metrics-export.ts';

export interface ServerOptions extends AssemblyOptions {
  /** How long `close` waits for requests in flight, in milliseconds. Default: `shutdown.grace`. */
  readonly graceMs?: number;
}

export interface RunningServer {
  /** `http://HOST:PORT/graphql`, with `path_prefix` before the path. */
  readonly url: string;
  readonly port: number;
  /** `http://HOST:PORT/metrics`; `undefined` when metrics are disabled. */
  readonly metricsUrl: string | undefined;
  /** `http://HOST:PORT/admin`; `undefined` without `admin.token`. */
  readonly adminUrl: string | undefined;
  /** Reads schemas, endpoints, keys and documents again. */
  reload(): Promise<void>;
  /** Reads certificates and keys of the port again. Missing without TLS. */
  readonly reloadCertificates?: ClientListener['reloadCertificates'];
  /** Completes requests in flight, then closes the ports and every connection. The port stays open for `delayMs` before; default 0. */
  close(stop?: Parameters<Listener['close']>[0]): Promise<void>;
}

/** A gateway that has checked its settings and has not opened its port. */
export interface PreparedServer {
  /** Opens the port, and prints its URL. Rejects when it cannot be opened, and closes everything. */
  serve(): Promise<RunningServer>;
}

/**
 * Serves the gateway at `supergraph.listen`, and prints the URL when it is ready. Rejects when a port cannot be opened, and, except
 * in `dev`, when there is no valid schema (`CompositionError`).
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const prepared = await prepareServer(options);
  return prepared.serve();
}

/** Does the first half of `startServer`, so that a caller can check the settings before it stops the running gateway. */
export async function prepareServer(options: ServerOptions): Promise<PreparedServer> {
  checkClientListener(options.config);
  const assembly = await assemble(options);
  return { serve: () => serveAssembly(assembly, options) };
}

async function serveAssembly(assembly: Assembly, { config, graceMs }: ServerOptions): Promise<RunningServer> {
  let admin: AdminListener | undefined;
  let exporting: MetricsExport | undefined;
  let listener: ClientListener;
  try {
    admin = await openAdminOf(config, assembly);
    exporting = await openExportOf(config, assembly);
    listener = await listenForClients(assembly.handler, config, assembly, graceMs === undefined ? {} : { graceMs });
  } catch (error) {
    await admin?.close();
    await exporting?.close();
    await assembly.close();
    throw error;
  }
  const url = `${listener.origin}${config.path_prefix ?? ''}/graphql`;
  printUrls(url, admin);
  assembly.warmUp();
  const { port, reloadCertificates } = listener;
  if (reloadCertificates) assembly.addReload(reloadCertificates);
  const close = closeOnce(listener, assembly, { admin, exporting });
  const urls = { url, metricsUrl: admin?.metricsUrl, adminUrl: admin?.apiUrl };
  return { ...urls, port, reload: assembly.reload, reloadCertificates, close };
}

/** Prints the URLs with a single write, so that a program that waits for them reads them at once. */
function printUrls(url: string, admin: AdminListener | undefined): void {
  process.stdout.write(`Headgate listening on ${url}\n${adminUrls(admin)}`);
}

/** Starts to send the metrics of a gateway with a single process. */
export async function openExportOf(config: ServerOptions['config'], { metrics, logger }: Assembly) {
  return metrics && openMetricsExport(config, { logger, snapshot: () => metrics.snapshot() });
}

/** Opens the admin listener of a gateway with a single process. */
export function openAdminOf(config: ServerOptions['config'], { metrics, purge, control, logger }: Assembly) {
  const snapshot = () => metrics?.snapshot() ?? Promise.resolve([]);
  const send = async (command: AdminCommand) => ({ processes: 1, replies: [await control(command)] });
  return openAdmin(config, { metrics: snapshot, purge, send }, logger);
}

/** Returns a function that closes everything once. Metrics are available until the last request has ended, and sent after it. */
function closeOnce(
  listener: Listener,
  assembly: Assembly,
  { admin, exporting }: { readonly admin: AdminListener | undefined; readonly exporting: MetricsExport | undefined },
): RunningServer['close'] {
  let closing: Promise<void> | undefined;
  return (stop) => {
    closing ??= listener
      .close(stop)
      .then(() => exporting?.close())
      .then(() => admin?.close())
      .then(() => assembly.close());
    return closing;
  };
}
