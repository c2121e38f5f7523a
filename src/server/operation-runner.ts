import type { IncomingHttpHeaders } from 'node:http';
import type { Engine, EngineAnswer, EngineRequest } from '../engine/engine.ts';
import { Cancellation } from '../sources/cancellation.ts';
import type { CancelSignal } from '../sources/source.ts';
import { ClientGone } from './body-reader.ts';
import type { Exchange } from './exchange.ts';
import type { GraphqlParams } from './graphql-pipeline.ts';
import { RequestRefusal } from './request-refusal.ts';

/** A GraphQL request as read from HTTP. */
export interface GraphqlCall {
  readonly params: GraphqlParams;
  /** The body as it came (empty for GET, whose parameters are in the URL). */
  readonly text: string;
  readonly readOnly: boolean;
}

export interface OperationRunnerOptions {
  /** The engine in force; `undefined` while there is no schema. */
  readonly engine: () => Engine | undefined;
  /** Whether identical queries in flight share one execution (`traffic_shaping.router.deduplicate_query`). */
  readonly shareQueries: boolean;
  /** How long one client request may take (`traffic_shaping.router.timeout`). */
  readonly timeoutMs: number;
  /** The contract whose schema is asked; the whole public schema without it. */
  readonly contract?: string | undefined;
}

export interface OperationRunner {
  /** Throws `RequestRefusal` 503 without a schema and 504 `GATEWAY_TIMEOUT` when time is up, `ClientGone` when it is too late. */
  run(exchange: Exchange, call: GraphqlCall): Promise<EngineAnswer>;
}

/** One execution under way, and how many clients wait for it. */
interface Flight {
  readonly engine: Engine;
  readonly cancellation: Cancellation;
  readonly answer: Promise<EngineAnswer>;
  waiting: number;
}

/**
 * Runs operations, one execution for all identical queries that are in flight at once. Identical means: same URL, same
 * body, same engine, and the same value of every header except those of `NEUTRAL_HEADERS`, so that no client ever
 * gets an answer made for another's credentials. When the last of the clients leaves, the execution is aborted.
 */
export function createOperationRunner(options: OperationRunnerOptions): OperationRunner {
  const flights = new Map<string, Flight>();

  function start(engine: Engine, exchange: Exchange, call: GraphqlCall): Flight {
    const cancellation = new Cancellation();
    const work = engine.execute(engineRequest(exchange, call, options.contract, cancellation));
    return { engine, cancellation, answer: withDeadline(options.timeoutMs, cancellation, work), waiting: 0 };
  }

  function join(flight: Flight, exchange: Exchange, key: string | undefined): Promise<EngineAnswer> {
    flight.waiting++;
    exchange.onGone = () => {
      if (--flight.waiting > 0) return;
      if (key !== undefined && flights.get(key) === flight) flights.delete(key);
      flight.cancellation.abort();
    };
    return flight.answer;
  }

  function share(engine: Engine, exchange: Exchange, call: GraphqlCall): Promise<EngineAnswer> {
    const key = sharingKey(exchange, call.text);
    const running = flights.get(key);
    if (running?.engine === engine) return join(running, exchange, key);
    const flight = start(engine, exchange, call);
    flights.set(key, flight);
    const land = () => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    flight.answer.then(land, land);
    return join(flight, exchange, key);
  }

  const sharable = (engine: Engine, { params: { query, operationName } }: GraphqlCall) =>
    engine.sharable({ query, operationName, contract: options.contract });

  return {
    async run(exchange, call) {
      if (exchange.res.destroyed) throw new ClientGone();
      const engine = options.engine();
      if (!engine) throw new RequestRefusal(503, 'SERVICE_UNAVAILABLE', 'There is no schema to answer with yet.');
      const shared = options.shareQueries && !forbidsSharing(exchange.req.headers) && sharable(engine, call);
      return shared ? share(engine, exchange, call) : join(start(engine, exchange, call), exchange, undefined);
    },
  };
}

function engineRequest(
  exchange: Exchange,
  call: GraphqlCall,
  contract: string | undefined,
  signal: CancelSignal,
): EngineRequest {
  const { query, operationName, variables } = call.params;
  const { ip, identity } = exchange.client;
  const client = { requestId: exchange.requestId, headers: exchange.req.headers, signal, ip, identity };
  return { query, operationName, variables, client, contract, readOnly: call.readOnly };
}

function withDeadline(ms: number, cancellation: Cancellation, work: Promise<EngineAnswer>): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new RequestRefusal(504, 'GATEWAY_TIMEOUT', `The request took longer than ${ms} ms.`));
      cancellation.abort();
    }, ms);
    const settle =
      <T>(how: (value: T) => void) =>
      (value: T) => {
        clearTimeout(timer);
        how(value);
      };
    work.then(settle(resolve), settle(reject));
  });
}

/**
 * Headers that say nothing about whose request it is or what it may see, and that are not sent on to subgraphs. All
 * others count, also unknown ones: the price of a header too many in the key is a shared answer less.
 */
const NEUTRAL_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'keep-alive',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'user-agent',
  'x-request-id',
]);

function sharingKey({ req, client: { identity } }: Exchange, text: string): string {
  let key = `${req.method} ${req.url}\n`;
  // other identities follow from the headers; this one is the connection's
  if (identity?.kind === 'certificate') key += `${identity.claims.fingerprint256}\n`;
  const { headers } = req;
  // Header values hold no line breaks, so no two sets of headers make the same text.
  for (const name in headers) if (!NEUTRAL_HEADERS.has(name)) key += `${name}:${headers[name]}\n`;
  return `${key}\n${text}`;
}

/** RFC 9111, section 5.2.1.5: a client that says `no-store` wants an answer of its own. */
function forbidsSharing(headers: IncomingHttpHeaders): boolean {
  return headers['cache-control']?.includes('no-store') === true;
}
