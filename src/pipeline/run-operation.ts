import { type DependsOn, inFlightKey } from '../client/depends-on.ts';
import { forbidsSharing } from '../client/sharing.ts';
import type { GatheredHeaders, ResponseHeaders } from '../policy/headers/response-headers.ts';
import { ClientDisconnected } from '../shared/client-disconnected.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { Cancellation } from '../sources/cancellation.ts';
import type { CancelSignal, ClientContext } from '../sources/source.ts';
import type { Engine, EngineRequest, ExecutionResult } from './engine.ts';
import type { GraphqlCall, OperationContext, SharedResponse } from './operation-context.ts';

export interface OperationRunnerOptions<Context extends OperationContext> {
  /** Returns the current engine; `undefined` while no schema is loaded. */
  readonly engine: () => Engine | undefined;
  /** Whether identical queries in flight share one execution (`traffic_shaping.router.deduplicate_query`). */
  readonly shareQueries: boolean;
  /** What results depend on; by default all headers except those that do not identify the client. */
  readonly dependsOn?: DependsOn | undefined;
  /** How long one client request may take (`traffic_shaping.router.timeout`). */
  readonly timeoutMs: number;
  /** The contract whose schema the client queries; the whole public schema where it is missing. */
  readonly contract?: string | undefined;
  /** Collects the headers of subgraph responses that go to the client. */
  readonly returned?: ResponseHeaders | undefined;
  /**
   * Counts requests that never reach the policies against the rate limits of the request; there are none where it is
   * missing.
   */
  readonly countRequest?: ((context: Context) => undefined | Promise<void>) | undefined;
}

export interface OperationRunner<Context extends OperationContext> {
  /**
   * Executes an operation. Rejects with `GatewayError` 503 without a schema, 504 `GATEWAY_TIMEOUT` after the timeout
   * and 429 over a rate limit, and with `ClientDisconnected` once the client has left.
   */
  run(context: Context, call: GraphqlCall): Promise<ExecutionResult>;
}

/** A call with its document, where that was already read. */
interface ReadCall extends GraphqlCall {
  readonly document: EngineRequest['document'];
}

/** One execution in flight, and how many clients wait for it. */
interface SharedExecution {
  readonly engine: Engine;
  readonly cancellation: Cancellation;
  readonly result: Promise<ExecutionResult>;
  readonly returned: GatheredHeaders | undefined;
  readonly shared: SharedResponse;
  waiting: number;
}

/**
 * Creates a runner that executes identical queries in flight once. Identical means: the same URL, body and engine,
 * and the same value of every header that results depend on, so that no client gets a result for another's
 * credentials. When the last of the clients disconnects, the execution is aborted.
 */
export function createOperationRunner<Context extends OperationContext>(
  options: OperationRunnerOptions<Context>,
): OperationRunner<Context> {
  const sharedExecutions = new Map<string, SharedExecution>();
  // a cookie is for the requesting client only
  const shareQueries = options.shareQueries && options.returned?.passesCookies !== true;
  const { countRequest } = options;

  function start(engine: Engine, context: Context, call: ReadCall, rateLimitChecked: boolean): SharedExecution {
    const cancellation = new Cancellation();
    const returned = options.returned?.gather();
    const client = clientContext(context, cancellation, returned, rateLimitChecked);
    const work = engine.execute(engineRequest(client, call, options.contract));
    const result = withDeadline(options.timeoutMs, cancellation, work);
    return { engine, cancellation, result, returned, shared: { response: undefined, left: 0 }, waiting: 0 };
  }

  function join(sharedExecution: SharedExecution, context: Context, key: string | undefined): Promise<ExecutionResult> {
    sharedExecution.waiting++;
    if (key !== undefined) {
      context.shared = sharedExecution.shared;
      sharedExecution.shared.left++;
    }
    context.onAbort = () => {
      if (--sharedExecution.waiting > 0) return;
      if (key !== undefined && sharedExecutions.get(key) === sharedExecution) sharedExecutions.delete(key);
      sharedExecution.cancellation.abort();
    };
    return sharedExecution.returned
      ? withHeaders(sharedExecution.result, sharedExecution.returned, context)
      : sharedExecution.result;
  }

  function share(engine: Engine, context: Context, call: ReadCall): Promise<ExecutionResult> {
    const key = sharingKey(context, call.text, options.dependsOn);
    const running = sharedExecutions.get(key);
    if (running?.engine === engine) return join(running, context, key);
    const sharedExecution = start(engine, context, call, countRequest !== undefined);
    sharedExecutions.set(key, sharedExecution);
    const remove = () => {
      if (sharedExecutions.get(key) === sharedExecution) sharedExecutions.delete(key);
    };
    sharedExecution.result.then(remove, remove);
    return join(sharedExecution, context, key);
  }

  function begin(context: Context, read: GraphqlCall): Promise<ExecutionResult> {
    if (context.isClosed) throw new ClientDisconnected();
    const engine = options.engine();
    if (!engine) throw new GatewayError(503, 'SERVICE_UNAVAILABLE', 'No schema loaded yet.');
    const { query, operationName } = read.params;
    const { contract } = options;
    const mayShare = shareQueries && !forbidsSharing(context.requestHeaders);
    // read once: a document that is not cached yet is parsed and validated here
    const document = mayShare ? engine.readDocument?.({ query, contract }) : undefined;
    const call = { ...read, document };
    if (mayShare && engine.canDedupe({ query, operationName, contract, document })) {
      // each request counts, also those that share one execution
      const counted = countRequest?.(context);
      return counted ? counted.then(() => share(engine, context, call)) : share(engine, context, call);
    }
    const result = join(start(engine, context, call, false), context, undefined);
    return countRequest ? result.then((result) => countRefused(result, context, countRequest)) : result;
  }

  return {
    // no `async` functions on this path: they would keep the text of the request in memory until the result is there
    run(context, call) {
      try {
        return begin(context, call);
      } catch (error) {
        return Promise.reject(error);
      }
    },
  };
}

/** Counts operations that never reached the policies; these count what they see. */
async function countRefused<Context>(
  result: ExecutionResult,
  context: Context,
  countRequest: (context: Context) => undefined | Promise<void>,
) {
  const { refusal } = result;
  if (refusal && refusal !== 'policy' && refusal !== 'overload') await countRequest(context);
  return result;
}

function clientContext(
  { requestHeaders: headers, requestId, client }: OperationContext,
  signal: CancelSignal,
  returned: GatheredHeaders | undefined,
  rateLimitChecked: boolean,
): ClientContext {
  const { ip, identity } = client;
  return { requestId, headers, signal, ip, identity, returned, rateLimitChecked };
}

function engineRequest(client: ClientContext, call: ReadCall, contract: string | undefined): EngineRequest {
  const { query, operationName, variables } = call.params;
  return { query, operationName, variables, client, contract, document: call.document, readOnly: call.readOnly };
}

async function withHeaders(
  pending: Promise<ExecutionResult>,
  returned: GatheredHeaders,
  context: OperationContext,
): Promise<ExecutionResult> {
  const result = await pending;
  context.receiveHeaders(returned);
  return result;
}

function withDeadline(
  ms: number,
  cancellation: Cancellation,
  work: Promise<ExecutionResult>,
): Promise<ExecutionResult> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(expire, ms, ms, cancellation, reject);
    work.then(
      (result) => {
        clearTimeout(timer);
        // nobody needs its other fetches any more
        if (result.refusal === 'overload') cancellation.abort();
        resolve(result);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

function expire(ms: number, cancellation: Cancellation, reject: (error: unknown) => void): void {
  reject(new GatewayError(504, 'GATEWAY_TIMEOUT', `The request took longer than ${ms} ms.`));
  cancellation.abort();
}

function sharingKey(
  { target, requestHeaders, client }: OperationContext,
  text: string,
  dependsOn: DependsOn | undefined,
): string {
  return `${target} ${inFlightKey({ facts: client, headers: requestHeaders }, dependsOn)}\n${text}`;
}
