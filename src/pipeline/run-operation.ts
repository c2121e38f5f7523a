import { type DependsOn, inFlightKey } from '../client/depends-on.ts';
import { forbidsSharing } from '../client/sharing.ts';
import type { CollectedHeaders, ResponseHeaders } from '../policy/headers/response-headers.ts';
import { ClientDisconnected } from '../shared/client-disconnected.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { Cancellation } from '../sources/cancellation.ts';
import type { CancelSignal, ClientContext } from '../sources/source.ts';
import type { Engine, EngineRequest, ExecutionResult } from './engine.ts';
import type { GraphqlCall, OperationContext, SharedResponse } from './operation-context.ts';

export interface OperationRunnerOptions<Context extends OperationContext> {
  /** The engine in force; `undefined` while there is no schema. */
  readonly engine: () => Engine | undefined;
  /** Whether identical queries in flight share one execution (`traffic_shaping.router.deduplicate_query`). */
  readonly shareQueries: boolean;
  /** What answers depend on; by default on all headers but those that say nothing of who asks. */
  readonly dependsOn?: DependsOn | undefined;
  /** How long one client request may take (`traffic_shaping.router.timeout`). */
  readonly timeoutMs: number;
  /** The contract whose schema is asked; the whole public schema without it. */
  readonly contract?: string | undefined;
  /** Gathers the headers of subgraph answers that go to the client. */
  readonly returned?: ResponseHeaders | undefined;
  /** Counts requests whose operation is not asked for the limits of the request; there are none without it. */
  readonly countRequest?: ((context: Context) => undefined | Promise<void>) | undefined;
}

export interface OperationRunner<Context extends OperationContext> {
  /**
   * Rejects with `GatewayError` 503 without a schema, 504 `GATEWAY_TIMEOUT` when time is up and 429 over a rate limit, and
   * with `ClientDisconnected` when it is too late.
   */
  run(context: Context, call: GraphqlCall): Promise<ExecutionResult>;
}

/** A call with its document, where that has been read already. */
interface OpenedCall extends GraphqlCall {
  readonly document: EngineRequest['document'];
}

/** One execution under way, and how many clients wait for it. */
interface SharedExecution {
  readonly engine: Engine;
  readonly cancellation: Cancellation;
  readonly answer: Promise<ExecutionResult>;
  readonly returned: CollectedHeaders | undefined;
  readonly shared: SharedResponse;
  waiting: number;
}

/**
 * Runs operations, one execution for all identical queries that are in flight at once. Identical means: same URL, same
 * body, same engine, and the same value of every header but neutral ones, so that no client ever gets an answer made
 * for another's credentials. When the last of the clients leaves, the execution is aborted.
 */
export function createOperationRunner<Context extends OperationContext>(
  options: OperationRunnerOptions<Context>,
): OperationRunner<Context> {
  const sharedExecutions = new Map<string, SharedExecution>();
  // a cookie is for the one client that asked
  const shareQueries = options.shareQueries && options.returned?.passesCookies !== true;
  const { countRequest } = options;

  function start(engine: Engine, context: Context, call: OpenedCall, rateLimitChecked: boolean): SharedExecution {
    const cancellation = new Cancellation();
    const returned = options.returned?.collect();
    const client = clientContext(context, cancellation, returned, rateLimitChecked);
    const work = engine.execute(engineRequest(client, call, options.contract));
    const answer = withDeadline(options.timeoutMs, cancellation, work);
    return { engine, cancellation, answer, returned, shared: { response: undefined, left: 0 }, waiting: 0 };
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
      ? withHeaders(sharedExecution.answer, sharedExecution.returned, context)
      : sharedExecution.answer;
  }

  function share(engine: Engine, context: Context, call: OpenedCall): Promise<ExecutionResult> {
    const key = sharingKey(context, call.text, options.dependsOn);
    const running = sharedExecutions.get(key);
    if (running?.engine === engine) return join(running, context, key);
    const sharedExecution = start(engine, context, call, countRequest !== undefined);
    sharedExecutions.set(key, sharedExecution);
    const finish = () => {
      if (sharedExecutions.get(key) === sharedExecution) sharedExecutions.delete(key);
    };
    sharedExecution.answer.then(finish, finish);
    return join(sharedExecution, context, key);
  }

  function begin(context: Context, read: GraphqlCall): Promise<ExecutionResult> {
    if (context.isClosed) throw new ClientDisconnected();
    const engine = options.engine();
    if (!engine) throw new GatewayError(503, 'SERVICE_UNAVAILABLE', 'No schema loaded yet.');
    const { query, operationName } = read.params;
    const { contract } = options;
    const mayShare = shareQueries && !forbidsSharing(context.requestHeaders);
    // read once: a document that was not asked for before is parsed and validated here
    const document = mayShare ? engine.readDocument?.({ query, contract }) : undefined;
    const call = { ...read, document };
    if (mayShare && engine.canDedupe({ query, operationName, contract, document })) {
      // each request counts, also those that share one execution
      const counted = countRequest?.(context);
      return counted ? counted.then(() => share(engine, context, call)) : share(engine, context, call);
    }
    const answer = join(start(engine, context, call, false), context, undefined);
    return countRequest ? answer.then((made) => countRefused(made, context, countRequest)) : answer;
  }

  return {
    // no `async` functions on this way: while an answer is waited for, they would hold on to the text of the request
    run(context, call) {
      try {
        return begin(context, call);
      } catch (error) {
        return Promise.reject(error);
      }
    },
  };
}

/** The policies count what they see; what never became an operation is counted here. */
async function countRefused<Context>(
  answer: ExecutionResult,
  context: Context,
  countRequest: (context: Context) => undefined | Promise<void>,
) {
  const { refusal } = answer;
  if (refusal && refusal !== 'policy' && refusal !== 'overload') await countRequest(context);
  return answer;
}

function clientContext(
  { requestHeaders: headers, requestId, client }: OperationContext,
  signal: CancelSignal,
  returned: CollectedHeaders | undefined,
  rateLimitChecked: boolean,
): ClientContext {
  const { ip, identity } = client;
  return { requestId, headers, signal, ip, identity, returned, rateLimitChecked };
}

function engineRequest(client: ClientContext, call: OpenedCall, contract: string | undefined): EngineRequest {
  const { query, operationName, variables } = call.params;
  return { query, operationName, variables, client, contract, document: call.document, readOnly: call.readOnly };
}

async function withHeaders(
  answer: Promise<ExecutionResult>,
  returned: CollectedHeaders,
  context: OperationContext,
): Promise<ExecutionResult> {
  const made = await answer;
  context.receiveHeaders(returned);
  return made;
}

function withDeadline(
  ms: number,
  cancellation: Cancellation,
  work: Promise<ExecutionResult>,
): Promise<ExecutionResult> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(expire, ms, ms, cancellation, reject);
    work.then(
      (answer) => {
        clearTimeout(timer);
        // what else is under way for it is for nobody
        if (answer.refusal === 'overload') cancellation.abort();
        resolve(answer);
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
  return `${target} ${inFlightKey({ clientInfo: client, headers: requestHeaders }, dependsOn)}\n${text}`;
}
