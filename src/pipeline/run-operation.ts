import { type DocumentNode, type GraphQLSchema, getOperationAST } from 'graphql';
import { inFlightKey } from '../client/dependency-keys.ts';
import { withReads } from '../client/depends-on.ts';
import type { ClientInfo } from '../client/identity.ts';
import { forbidsSharing, wantsReload } from '../client/sharing.ts';
import type { PluginRun } from '../plugins/plugin-run.ts';
import type { AdmissionControl } from '../policy/admission/admission.ts';
import type { CollectedHeaders, ResponseHeaders } from '../policy/headers/response-headers.ts';
import { ClientDisconnected } from '../shared/client-disconnected.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import type { RequestRecord } from '../shared/request-record.ts';
import { AbortableSingleFlight, type AbortableWork, type JoinedWork } from '../shared/single-flight.ts';
import type { RequestTrace } from '../shared/trace.ts';
import { Cancellation } from '../sources/cancellation.ts';
import type { ClientContext } from '../sources/source.ts';
import { withDeadline } from './client-deadline.ts';
import type { Engine, EngineRequest, ReadDocument } from './engine.ts';
import type { ExecutionResult, SingleResult } from './execution-result.ts';
import type { GraphqlCall, OperationContext, SharedResponse } from './operation-context.ts';

export interface OperationRunnerOptions<Context extends OperationContext> {
  /** Returns the engine for a client; `undefined` while no schema is loaded. */
  readonly engine: (client?: ClientInfo) => Engine | undefined;
  /** Whether identical queries in flight share one execution (`traffic_shaping.router.deduplicate_query`). */
  readonly shareQueries: boolean;
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
  /** Refuses operations while the gateway is overloaded. By default none is refused. */
  readonly admission?: AdmissionControl | undefined;
  /** Called for each request that gets the result of another one's execution. */
  readonly onShared?: (() => void) | undefined;
}

export interface OperationRunner<Context extends OperationContext> {
  /**
   * Executes an operation. Rejects with `GatewayError` 503 without a schema or while the gateway is overloaded, 504
   * `GATEWAY_TIMEOUT` after the timeout and 429 over a rate limit, and with `ClientDisconnected` once the client has left.
   */
  run(context: Context, call: GraphqlCall): Promise<SingleResult>;
  /**
   * Does the same for a client that reads fragments with `@defer` and items with `@stream` after the rest. The timeout is that of the first payload, and
   * of the wait for each other one.
   */
  stream(context: Context, call: GraphqlCall): Promise<ExecutionResult>;
  /** The document of a call as the first stages have made it; `undefined` without a schema. */
  readDocument(context: Context, call: GraphqlCall): ReadDocument | undefined;
  /** The schema that clients see. Throws `GatewayError` 503 without one. */
  schema(): GraphQLSchema;
}

/** A call with its document, where that was already read. */
interface ReadCall extends GraphqlCall {
  readonly document: EngineRequest['document'];
}

/** One execution, which several clients may wait for. */
interface SharedExecution extends AbortableWork {
  readonly engine: Engine;
  /** When it times out, by `performance.now()`. */
  readonly deadline: number | undefined;
  readonly result: Promise<SingleResult>;
  /** The plugins of the request that began it. */
  readonly plugins: PluginRun | undefined;
  /** Headers of subgraphs for the clients. */
  readonly returned: CollectedHeaders | undefined;
  readonly shared: SharedResponse;
  /** The trace of that request. */
  readonly trace: RequestTrace | undefined;
  /** The record of the request that it was started for. */
  readonly record: RequestRecord | undefined;
}

/**
 * Creates a runner that executes identical queries in flight once. Identical means: the same URL, body and engine,
 * and the same value of everything that the result depends on, so that no client gets a result for another's
 * credentials. When the last of the clients disconnects, the execution is aborted.
 */
export function createOperationRunner<Context extends OperationContext>(
  options: OperationRunnerOptions<Context>,
): OperationRunner<Context> {
  return new Runner(options);
}

class Runner<Context extends OperationContext> implements OperationRunner<Context> {
  private readonly options: OperationRunnerOptions<Context>;
  private readonly shareQueries: boolean;
  private readonly inFlight = new AbortableSingleFlight<SharedExecution>();

  constructor(options: OperationRunnerOptions<Context>) {
    this.options = options;
    // a cookie is for the one client that asked
    this.shareQueries = options.shareQueries && options.returned?.passesCookies !== true;
  }

  readDocument({ client }: Context, { params: { query } }: GraphqlCall): ReadDocument | undefined {
    const { engine, contract } = this.options;
    return engine(client)?.readDocument?.({ query, contract });
  }

  schema(): GraphQLSchema {
    const engine = this.currentEngine();
    return engine.schemaOf?.(this.options.contract) ?? engine.publicSchema;
  }

  // no `async` functions on this path: they would keep the text of the request in memory until the result is there
  run(context: Context, call: GraphqlCall): Promise<SingleResult> {
    try {
      return this.options.admission ? this.admit(context, call, this.options.admission) : this.begin(context, call);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Counts an operation as in progress until its result is there. */
  private admit(context: Context, call: GraphqlCall, admission: AdmissionControl): Promise<SingleResult> {
    const place = admission.enter(context.client, () => this.isMutation(context, call));
    const leave = () => place.leave();
    try {
      const result = this.begin(context, call);
      void result.then(leave, leave);
      return result;
    } catch (error) {
      leave();
      throw error;
    }
  }

  stream(context: Context, call: GraphqlCall): Promise<ExecutionResult> {
    try {
      const engine = this.currentEngine(context.client);
      const { contract, admission } = this.options;
      const document = engine.readDocument?.({ query: call.params.query, contract, plugins: context.plugins });
      if (document === undefined || 'refusal' in document || !document.isIncremental) return this.run(context, call);
      if (context.isClosed) throw new ClientDisconnected();
      const place = admission?.enter(context.client, () => this.isMutation(context, call));
      return this.beginStream(engine, context, { ...call, document }).finally(() => place?.leave());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  private async beginStream(engine: Engine, context: Context, call: ReadCall): Promise<ExecutionResult> {
    const { timeoutMs, contract, countRequest } = this.options;
    const cancellation = new Cancellation();
    context.onAbort = () => cancellation.abort();
    const returned = this.options.returned?.collect();
    // no deadline: the time begins again with each payload
    const client = clientContext(context, { signal: cancellation, returned, rateLimitChecked: false, timeoutMs });
    const work = engine.stream({ ...engineRequest(client, call, contract), incremental: true });
    const result = await withDeadline(timeoutMs, cancellation, work);
    if (returned) context.receiveHeaders(returned);
    if (result.kind === 'single') return countRequest ? countRefused(result, context, countRequest) : result;
    const { payloads } = result;
    // also what is in flight for a part that is late, or that nobody reads
    void payloads.ended.then(() => cancellation.abort(payloads.hasTimedOut));
    context.onAbort = () => void payloads.return();
    payloads.limitIdleTime(timeoutMs, timeoutError(timeoutMs));
    return result;
  }

  private isMutation(context: Context, { params: { query, operationName }, readOnly }: GraphqlCall): boolean {
    // a document without the word needs no parsing
    if (readOnly || !query.includes('mutation')) return false;
    const read = this.readDocument(context, { params: { query }, text: '', readOnly });
    return read !== undefined && 'document' in read && isMutation(read.document, operationName);
  }

  private currentEngine(client?: ClientInfo): Engine {
    const engine = this.options.engine(client);
    if (!engine) throw new GatewayError(503, 'SERVICE_UNAVAILABLE', 'No schema loaded yet.');
    return engine;
  }

  private begin(context: Context, { params, text, readOnly }: GraphqlCall): Promise<SingleResult> {
    if (context.isClosed) throw new ClientDisconnected();
    const engine = this.currentEngine(context.client);
    const { query, operationName } = params;
    const { contract, countRequest } = this.options;
    const isShareable = context.debug === undefined && context.uploads === undefined && !context.reads.isUndeclared;
    const { requestHeaders: headers } = context;
    const mayShare = this.shareQueries && isShareable && !forbidsSharing(headers) && !wantsReload(headers);
    // read once: a document that is not cached yet is parsed and validated here
    context.record?.begin('parse');
    const document = mayShare ? engine.readDocument?.({ query, contract, plugins: context.plugins }) : undefined;
    if (document) context.record?.begin('plan');
    const call = { params, text, readOnly, document };
    if (mayShare && engine.canDedupe({ query, operationName, contract, document })) {
      const key = this.sharingKey(engine, context, call);
      // each request counts, also those that share one execution
      const counted = countRequest?.(context);
      return counted
        ? counted.then(() => this.share(engine, context, call, key))
        : this.share(engine, context, call, key);
    }
    const flight = this.inFlight.join(undefined, () => this.start(engine, context, call, false));
    const pending = this.wait(flight, context);
    return countRequest ? pending.then((result) => countRefused(result, context, countRequest)) : pending;
  }

  private sharingKey(engine: Engine, context: Context, { params, text, document }: ReadCall): string | undefined {
    const { query, operationName, variables } = params;
    const { contract } = this.options;
    const dependsOn = engine.dependsOn({ query, operationName, variables, contract, document });
    const requester = { clientInfo: context.client, headers: context.requestHeaders };
    const key = inFlightKey(requester, withReads(dependsOn, context.reads));
    if (key === undefined) return undefined;
    return `${engine.isCanary ? 'canary ' : ''}${context.target} ${key}\n${text}`;
  }

  private share(engine: Engine, context: Context, call: ReadCall, key: string | undefined): Promise<SingleResult> {
    const isCounted = this.options.countRequest !== undefined;
    const flight = this.inFlight.join(
      key,
      () => this.start(engine, context, call, isCounted),
      (known) => known.engine === engine && this.leavesTime(known),
    );
    context.shared = flight.work.shared;
    if (flight.work.shared.left++ > 0) this.options.onShared?.();
    context.record?.join(flight.work.record);
    context.trace?.join(flight.work.trace);
    return this.wait(flight, context);
  }

  /** A request joins no execution that has used up half of its time: it would get the timeout of that one. */
  private leavesTime({ deadline }: SharedExecution): boolean {
    return deadline === undefined || deadline - performance.now() >= this.options.timeoutMs / 2;
  }

  private start(engine: Engine, context: Context, call: ReadCall, rateLimitChecked: boolean): SharedExecution {
    const cancellation = new Cancellation();
    const returned = this.options.returned?.collect();
    const { uploads } = context;
    // while files arrive, the time is that of the next piece
    const { timeoutMs } = this.options;
    const deadline = uploads ? undefined : performance.now() + timeoutMs;
    const time = { deadline, timeoutMs: uploads ? undefined : timeoutMs };
    const client = clientContext(context, { signal: cancellation, returned, rateLimitChecked, ...time });
    const work = engine.execute(engineRequest(client, call, this.options.contract));
    const result = withDeadline(timeoutMs, cancellation, work, uploads);
    const shared = { response: undefined, left: 0 };
    const { record, plugins, trace } = context;
    return { engine, deadline, result, plugins, trace, returned, shared, record, abort: () => cancellation.abort() };
  }

  private wait(flight: JoinedWork<SharedExecution>, context: Context): Promise<SingleResult> {
    const { result, returned, plugins } = flight.work;
    context.onAbort = () => flight.leave();
    const own = plugins && plugins !== context.plugins ? withContext(result, plugins, context.plugins) : result;
    return returned ? withHeaders(own, returned, context) : own;
  }
}

function isMutation(document: DocumentNode, operationName: string | null | undefined): boolean {
  return getOperationAST(document, operationName)?.operation === 'mutation';
}

/** The policies count what they see; what never became an operation is counted here. */
async function countRefused<Context>(
  result: SingleResult,
  context: Context,
  countRequest: (context: Context) => undefined | Promise<void>,
) {
  const { refusal } = result;
  if (refusal && refusal !== 'policy' && refusal !== 'overload') await countRequest(context);
  return result;
}

function clientContext(
  { requestHeaders: headers, requestId, client, plugins, trace, record, debug, uploads }: OperationContext,
  {
    signal,
    returned,
    rateLimitChecked,
    deadline,
    timeoutMs,
  }: Pick<ClientContext, 'signal' | 'returned' | 'rateLimitChecked' | 'deadline' | 'timeoutMs'>,
): ClientContext {
  const { ip, identity, cacheTags } = client;
  const operation = undefined;
  // listed one by one: V8 makes an object of a fixed shape from that
  return {
    requestId,
    headers,
    signal,
    ip,
    identity,
    returned,
    rateLimitChecked,
    deadline,
    timeoutMs,
    record,
    operation,
    plugins,
    cacheTags,
    debug,
    trace,
    uploads,
  };
}

function engineRequest(client: ClientContext, call: ReadCall, contract: string | undefined): EngineRequest {
  const { query, operationName, variables } = call.params;
  return { query, operationName, variables, client, contract, document: call.document, readOnly: call.readOnly };
}

/** Gives the plugins of a request what those of the execution that it shares have stored. */
async function withContext(
  pending: Promise<SingleResult>,
  of: PluginRun,
  own: PluginRun | undefined,
): Promise<SingleResult> {
  const result = await pending;
  own?.adopt(of);
  return result;
}

async function withHeaders(
  pending: Promise<SingleResult>,
  returned: CollectedHeaders,
  context: OperationContext,
): Promise<SingleResult> {
  const result = await pending;
  context.receiveHeaders(returned);
  return result;
}

/** Returns the error of the parts of a stream that take too long. */
function timeoutError(ms: number) {
  return { message: `Nothing more was ready within ${ms} ms.`, extensions: { code: 'GATEWAY_TIMEOUT' } };
}
