import { onTestFinished } from 'vitest';
import { createGatewayHandler, type GatewayHandlerOptions } from '../../src/gateway/gateway-handler.ts';
import { type Listener, type ListenerOptions, listen } from '../../src/http/listener.ts';
import { createLogger, type Logger } from '../../src/telemetry/logger.ts';

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A real logger whose lines can be read back. */
export function recordingLogger(): { logger: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const stream = { write: (text: string) => void lines.push(JSON.parse(text)) };
  return { logger: createLogger({ level: 'debug', format: 'json', stream }), lines };
}

export interface Serving extends Listener {
  readonly url: string;
  readonly lines: LogLine[];
}

/** A host on a free port of this machine, closed when the test ends. */
export async function serve(
  options: Partial<GatewayHandlerOptions> & Pick<GatewayHandlerOptions, 'engine'>,
  timeouts: Pick<ListenerOptions, 'headersTimeoutMs' | 'requestTimeoutMs'> = {},
): Promise<Serving> {
  const { logger, lines } = recordingLogger();
  const host = createGatewayHandler({
    logger,
    maxRequestBytes: 10_000,
    timeoutMs: 10_000,
    shareQueries: true,
    graphiql: true,
    ...options,
  });
  const listener = await listen(host, { host: '127.0.0.1', port: 0, lingerMs: 10, ...timeouts });
  onTestFinished(() => listener.close());
  return { ...listener, url: `${listener.origin}/graphql`, lines };
}

/** Posts a GraphQL request as plain JSON. */
export function post(url: string, body: object | string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** A promise and what settles it from outside. */
export function latch<T = void>(): { promise: Promise<T>; open: (value: T) => void } {
  let open!: (value: T) => void;
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}
