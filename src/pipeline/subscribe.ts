import type { GraphQLFormattedError } from 'graphql';
import type { CompiledPlan, CompiledRequest } from '../executor/compile.ts';
import { executePlan } from '../executor/execute-plan.ts';
import type { ExecutionInput } from '../executor/execution-input.ts';
import { Payload } from '../executor/payload.ts';
import { PayloadStream } from '../executor/payload-stream.ts';
import { RefusedPayload } from '../executor/refused-payload.ts';
import { RequestBodies } from '../executor/request-body.ts';
import { nextInOrder } from '../shared/arrival-order.ts';
import { parseJson } from '../shared/exact-json.ts';
import type { ClientContext, Source, SourceFailure, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import { EventFetches, lookupsOfEvents } from './event-fetches.ts';
import { executeCompiled, exposedErrors, type OperationRun } from './execute.ts';
import type { ExecutionResult, StreamResult } from './execution-result.ts';
import { refuse } from './refuse.ts';
import {
  DEFAULT_UPSTREAM,
  type UpstreamEnd,
  type UpstreamEvent,
  UpstreamEvents,
  type UpstreamRequest,
} from './upstream-events.ts';

/**
 * Starts a subscription: the plan's root request is a subscription to its source. Each event is then executed as a query whose
 * root data is known, one after the other, when the reader wants the next payload.
 *
 * What is no subscription is executed: a plugin may have replaced the operation. So is a subscription whose root field the
 * policies have dropped: its result is the error.
 */
export async function subscribeCompiled(
  run: OperationRun,
  compiled: CompiledPlan,
  knownErrors: readonly GraphQLFormattedError[] | undefined,
): Promise<ExecutionResult> {
  const roots = compiled.requests.filter(({ planned }) => planned.operationType === 'subscription');
  const [root] = roots;
  if (root === undefined) return executeCompiled(run, compiled, knownErrors);
  if (roots.length > 1) throw new Error('The plan of a subscription has several root requests.');
  const { name } = root.planned.subgraph;
  const source = run.options.sources.get(name);
  if (source?.subscribe === undefined) return refuseSource(name);
  const upstream = openUpstream(run, root, source);
  if (upstream === undefined) return refuseCursor(name);
  const payloads = new SubscriptionPayloads(run, { compiled, knownErrors, source, upstream });
  const result: StreamResult = { kind: 'stream', payloads, operation: run.prepared.label, upstream };
  return result;
}

function refuseSource(name: string): ExecutionResult {
  const message = `The source "${name}" has no subscriptions: only GraphQL subgraphs have them.`;
  return refuse('operation', [{ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
}

function refuseCursor(name: string): ExecutionResult {
  const message = `The subscription cannot be resumed: the events of "${name}" have no cursors. Leave out extensions.subscription.cursor.`;
  return refuse('operation', [{ message, extensions: { code: 'BAD_USER_INPUT', service: name } }]);
}

/**
 * Returns the given upstream subscription if it has the events that are needed, and else a new one, which is resumed if it can be;
 * `undefined` where it has to be and cannot.
 */
function openUpstream(
  { request, variables }: OperationRun,
  root: CompiledRequest,
  source: Source,
): UpstreamEvents | undefined {
  const body = new RequestBodies(variables).write(root, [], '');
  const sent: SourceRequest = { ...body, operationType: 'subscription', client: eventClient(request.client) };
  const { subgraph } = root.planned;
  const key = `${subgraph.name} ${subgraph.url} ${source.subscriptionKey?.(sent) ?? ''} ${body.body}`;
  const wanted: UpstreamRequest = { source, request: sent, key };
  const { upstream: given, resume, settings = DEFAULT_UPSTREAM } = request.subscription ?? {};
  if (given?.key === wanted.key) return given;
  const canResume = source.resumes?.(sent) === true;
  if (resume?.isRequired && !canResume) return undefined;
  const cursor = canResume ? (given?.taken ?? resume?.cursor) : undefined;
  return new UpstreamEvents(cursor === undefined ? wanted : { ...wanted, request: { ...sent, cursor } }, settings);
}

/** Returns a context for all events: what belongs to the client's one request is not in it. */
function eventClient(client: ClientContext): ClientContext {
  return {
    ...client,
    ...{ deadline: undefined, record: undefined, debug: undefined, returned: undefined, freshness: undefined },
  };
}

/** Returns a source that answers the root request with an event, and sends everything else. */
function withEvent(source: Source, event: string): Source {
  return {
    name: source.name,
    maxEntities: source.maxEntities,
    send(request: SourceRequest, done: (response: SubgraphResponse) => void) {
      if (request.operationType !== 'subscription') return source.send(request, done);
      done({ kind: 'text', text: event, status: 200 });
    },
    close: () => Promise.resolve(),
  };
}

interface EventExecution {
  readonly compiled: CompiledPlan;
  readonly knownErrors: readonly GraphQLFormattedError[] | undefined;
  readonly source: Source;
  readonly upstream: UpstreamEvents;
}

/** The payloads of a subscription. An event is executed when a payload is read, so that only events wait. */
class SubscriptionPayloads extends PayloadStream {
  private readonly run: OperationRun;
  private readonly execution: EventExecution;
  private readonly lookups: ReturnType<typeof lookupsOfEvents>;
  private isExecuting = false;
  private wanted = 0;
  private isDetached = false;

  constructor(run: OperationRun, execution: EventExecution) {
    super(() => this.cancel());
    const { upstream, source } = execution;
    this.run = run;
    this.execution = execution;
    this.lookups = lookupsOfEvents(execution.compiled.plan, run.view.supergraph);
    const isNew = upstream !== run.request.subscription?.upstream;
    upstream.attach(
      source,
      () => this.advance(),
      () => this.detach(),
    );
    if (isNew) upstream.start();
  }

  override next(): Promise<IteratorResult<Payload>> {
    this.wanted += 1;
    const result = super.next();
    this.advance();
    return result;
  }

  private cancel(): void {
    if (!this.isDetached) this.execution.upstream.cancel();
  }

  /** Ends the stream after the current event: others follow elsewhere. */
  private detach(): void {
    this.isDetached = true;
    if (!this.isExecuting) this.close();
  }

  private advance(): void {
    if (this.isExecuting || this.wanted === 0 || this.isDetached) return;
    const taken = this.execution.upstream.take();
    if (taken === undefined) return;
    if ('kind' in taken) return this.finish(taken);
    this.wanted -= 1;
    this.isExecuting = true;
    this.execute(taken).then(
      (payload) => this.write(payload),
      (error: unknown) => {
        this.execution.upstream.cancel();
        this.fail(error);
      },
    );
  }

  override write(payload: Payload): void {
    super.write(payload);
    this.isExecuting = false;
    if (this.isDetached) this.close();
    else this.advance();
  }

  private execute(event: UpstreamEvent): Promise<Payload> {
    const { view, variables, request, options } = this.run;
    const { compiled, knownErrors, upstream } = this.execution;
    const { supergraph } = view;
    const { mayHaveMissed, cursor } = event;
    // layers and sources remember things for the time of one client request: here, that is one event
    const client = { ...upstream.client };
    const { memoryBudget: budget, admissionQueue, responseObserver } = options;
    const { reportEveryPlace } = request;
    const parts = { supergraph, client, variables, introspected: NOTHING_INTROSPECTED, knownErrors };
    const input = { ...parts, ...this.sourcesFor(event), reportEveryPlace, budget, admissionQueue, responseObserver };
    const extensions = extensionsOf(mayHaveMissed, cursor);
    const endSpan = client.plugins?.spans?.startStage('event');
    return executePlan(compiled, input, (text, errors) => {
      const exposed = errors.length > 0 ? exposedErrors(errors, client, options) : errors;
      endSpan?.({ error: errors[0] && { code: errors[0].extensions?.code } });
      return new Payload(text, exposed, extensions);
    });
  }

  /** Returns the sources for an event. Those of the entities that it is about need the parts of their fetches. */
  private sourcesFor({ text, order }: UpstreamEvent): Pick<ExecutionInput, 'sources' | 'cachedSubgraphs'> {
    const { sources: all, cachedSubgraphs } = this.run.options;
    const { source } = this.execution;
    if (this.lookups.size === 0)
      return { sources: new Map(all).set(source.name, withEvent(source, text)), cachedSubgraphs };
    const fetches = new EventFetches(this.lookups, order);
    const sources = new Map([...all].map(([name, other]) => [name, fetches.of(other)] as const));
    sources.set(source.name, withEvent(fetches.of(source), text));
    return { sources, cachedSubgraphs: new Set(sources.keys()) };
  }

  private finish(end: UpstreamEnd): void {
    if (end.kind === 'refused') return this.refuse(end.text);
    if (end.kind !== 'completed') super.write(lastPayload(end, this.execution.source.name, this.run));
    this.close();
  }

  /** Ends the stream with the errors of the source. They are read as those of an event, for their paths, the metrics and the log. */
  private refuse(text: string): void {
    this.isExecuting = true;
    this.execute({ text, mayHaveMissed: false, cursor: undefined, order: nextInOrder() }).then(
      ({ errors }) => {
        super.write(new RefusedPayload(withOwnPaths(errors, text, this.execution.knownErrors?.length ?? 0)));
        this.close();
      },
      (error: unknown) => this.fail(error),
    );
  }
}

/**
 * Returns the errors of a result without data, which the executor has given the place of what is missing. Only those that the source gave
 * a path keep one.
 * @param first the index of the first of them
 */
function withOwnPaths(errors: Payload['errors'], text: string, first: number): Payload['errors'] {
  const { errors: own } = parseJson(text) as { readonly errors: readonly ({ readonly path?: unknown } | null)[] };
  return errors.map((error, index) => {
    const given = own[index - first];
    return given === undefined || Array.isArray(given?.path) ? error : withoutPath(error);
  });
}

function withoutPath({ path: _, ...error }: GraphQLFormattedError): GraphQLFormattedError {
  return error;
}

const NOTHING_INTROSPECTED: ReadonlyMap<string, string> = new Map();

/** Says that events may be missing before this one, and how the subscription is resumed after it. */
function extensionsOf(mayHaveMissedEvents: boolean, cursor: string | undefined): Payload['extensions'] {
  if (!mayHaveMissedEvents) return cursor === undefined ? undefined : { subscription: { cursor } };
  return { subscription: { mayHaveMissedEvents, ...(cursor !== undefined && { cursor }) } };
}

/** Returns the payload that ends a subscription early. It has no data. */
function lastPayload(
  end: Extract<UpstreamEnd, { kind: 'queue_full' | 'failed' }>,
  service: string,
  run: OperationRun,
): Payload {
  if (end.kind === 'queue_full')
    return endPayload('SUBSCRIPTION_QUEUE_FULL', 'Events arrive faster than they can be processed.', { service });
  const { failure, wasStarted } = end;
  const lost = {
    message: `The connection to "${service}" was lost, and could not be opened again.`,
    code: 'SUBSCRIPTION_CONNECTION_LOST',
  };
  const error = failureError(failure, service, wasStarted ? lost : failure);
  // the reason may be a text of the subgraph
  return new Payload(undefined, exposedErrors([error], run.request.client, run.options));
}

function failureError(
  { reason, status }: SourceFailure,
  service: string,
  { message, code }: { readonly message: string; readonly code: string },
): GraphQLFormattedError {
  return { message, extensions: { code, service, reason, ...(status !== undefined && { http: { status } }) } };
}

/** Returns a payload that ends a subscription with an error. */
export function endPayload(code: string, message: string, extensions: Readonly<Record<string, unknown>> = {}): Payload {
  return new Payload(undefined, [{ message, extensions: { code, ...extensions } }]);
}
