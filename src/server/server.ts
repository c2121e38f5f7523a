import { type Assembly, type AssemblyOptions, assemble } from './assemble.ts';
import { type Listener, listen } from './listener.ts';
import { tlsOptions } from './tls-options.ts';

export interface ServerOptions extends AssemblyOptions {
  /** How long `close` waits for answers that are under way, in milliseconds. Default 30,000. */
  readonly graceMs?: number;
}

export interface RunningServer {
  /** `http://HOST:PORT/graphql` */
  readonly url: string;
  readonly port: number;
  /** Answers what is in flight, then lets go of the port and of every connection. */
  close(): Promise<void>;
}

/**
 * Serves the gateway at `supergraph.listen`, and prints where once it can answer. Rejects with what is wrong when the
 * port cannot be had, and, except in `dev`, when there is no good schema (`CompositionError`).
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const assembly = await assemble(options);
  let listener: Listener;
  try {
    const grace = options.graceMs === undefined ? {} : { graceMs: options.graceMs };
    const { supergraph, tls } = options.config;
    const secure = tls.supergraph && { tls: tlsOptions(tls.supergraph) };
    listener = await listen(assembly.host, { ...supergraph.listen, ...grace, ...secure });
  } catch (error) {
    await assembly.close();
    throw error;
  }
  const url = `${listener.origin}/graphql`;
  process.stdout.write(`Headgate listening on ${url}\n`);
  assembly.warmUp();
  return { url, port: listener.port, close: closeOnce(listener, assembly) };
}

function closeOnce(listener: Listener, assembly: Assembly): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= listener.close().then(() => assembly.close());
    return closing;
  };
}
