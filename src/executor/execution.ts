import type { GraphQLFormattedError } from 'graphql';
import type { DeferGroup, DeferGroups } from '../operation/defer-groups.ts';
import { stringifyJson } from '../shared/exact-json.ts';
import { OverloadedError } from '../shared/overloaded-error.ts';
import type { Source, SubgraphResponse } from '../sources/source.ts';
import { HEAVY_EXECUTION } from './admission-queue.ts';
import type { CompiledPlan, CompiledRequest } from './compile.ts';
import { DeferProgress } from './defer-progress.ts';
import { ErrorReport } from './error-report.ts';
import { CLIENT_DISCONNECTED } from './errors.ts';
import type { ExecutionInput } from './execution-input.ts';
import { ExecutionMemory } from './execution-memory.ts';
import { forgetObjects, type GatheredEntities, gatherEntities, variablesOf } from './gather-entities.ts';
import { gatherLookups } from './gather-lookups.ts';
import { writeEscapeFree } from './json-text.ts';
import { LONG_RESPONSE } from './memory-budget.ts';
import { type MergeTarget, mergeResponse } from './merge-response.ts';
import { noteSkipped } from './missing-key-reasons.ts';
import { NullReasons } from './null-reasons.ts';
import type { ResponseObject } from './objects.ts';
import { observeMissing } from './observe-missing.ts';
import { PayloadStream } from './payload-stream.ts';
import { type CompleteResponse, lengthOf, mayHaveEscapes, type TextResponse } from './read-response.ts';
import { ResponseMerger } from './response-merger.ts';
import { ResponseObjects } from './response-objects.ts';
import { countEntities, OpenParts, splitEntities } from './split-entities.ts';
import { StreamDelivery, type StreamedExecution } from './stream-delivery.ts';
import { type LateGroups, WriteContext } from './write-context.ts';

/** Receives the text of `data` and the errors of a single result. */
export type UseResult<T> = (dataText: string, errors: readonly GraphQLFormattedError[]) => T;

/**
 * One execution of a plan. A request starts when the last one that it depends on is done. Responses are merged into
 * one response tree.
 */
export class Execution implements MergeTarget, StreamedExecution {
  readonly compiled: CompiledPlan;
  readonly input: ExecutionInput;
  readonly data: ResponseObject = {};
  readonly targets: ResponseObjects;
  readonly merger: ResponseMerger;
  private readonly waiting: number[];
  private open: number;
  private finished = false;
  /** Whether no response so far contains a backslash. */
  escapeFree = true;
  private errorReport: ErrorReport | undefined;
  nullReasonsIfAny: NullReasons | undefined;
  private readonly resolve: UseResult<void>;
  private readonly reject: (error: unknown) => void;
  private variableTexts: Map<string, string> | undefined;
  private readonly progress: DeferProgress | undefined;
  private streamed: { readonly stream: PayloadStream; readonly delivery: StreamDelivery } | undefined;
  /** The request that errors are about, where the payloads of a stream share them out. */
  private current: CompiledRequest | undefined;
  private readonly memory: ExecutionMemory | undefined;
  /** Created with the first request that is split. */
  private openParts: OpenParts | undefined;
  /** In UTF-16 code units. */
  private textTaken = 0;
  /** The weight with which it entered the admission queue. */
  private weight = 0;

  constructor(
    compiled: CompiledPlan,
    input: ExecutionInput,
    resolve: UseResult<void>,
    reject: (error: unknown) => void,
  ) {
    this.compiled = compiled;
    this.input = input;
    this.resolve = resolve;
    this.reject = reject;
    this.targets = new ResponseObjects(input.supergraph, compiled.plan.positionCount, this.data);
    this.merger = new ResponseMerger(this.targets, input.supergraph.types, this);
    this.waiting = compiled.requests.map(({ planned }) => planned.dependsOn.length);
    this.open = compiled.requests.length;
    // the result of a mutation is reported in any case
    this.memory =
      input.budget && compiled.plan.operation.kind !== 'mutation'
        ? new ExecutionMemory(input.budget, input.client.signal, this)
        : undefined;
    this.progress = input.deferGroups && compiled.plan.deferred && new DeferProgress(compiled, input.deferGroups);
  }

  begin(): void {
    const { admissionQueue } = this.input;
    const { text } = this.compiled.last;
    if (!admissionQueue || text < HEAVY_EXECUTION) return this.attempt(() => this.start());
    admissionQueue.enter(text, () => {
      this.weight = text;
      this.attempt(() => this.start());
    });
  }

  /** @param onFirst called with the stream when its first payload is written */
  stream(groups: DeferGroups, onFirst: (stream: PayloadStream) => void): void {
    const stream = new PayloadStream(() => this.endStream());
    if (this.progress === undefined) throw new Error('a plan without defer groups cannot be streamed');
    const delivery = new StreamDelivery(this, groups, this.progress, stream, () => onFirst(stream));
    this.streamed = { stream, delivery };
    this.begin();
  }

  private start(): void {
    if (this.open === 0) return this.proceed();
    this.progress?.start(() => this.attempt(() => this.proceed()));
    // requests may finish synchronously and change the counters, so the ready ones are selected first
    const ready = this.compiled.requests.filter(({ planned }) => planned.dependsOn.length === 0);
    for (const request of ready) this.attempt(() => this.send(request));
  }

  /** Created with the first error. */
  get report(): ErrorReport {
    this.errorReport ??= new ErrorReport(this.compiled, this.targets, this.nullReasons, {
      ...this.input,
      streamed: this.streamed && this.input.deferGroups,
    });
    if (this.current) this.errorReport.enter(this.current);
    return this.errorReport;
  }

  get nullReasons(): NullReasons {
    this.nullReasonsIfAny ??= new NullReasons();
    return this.nullReasonsIfAny;
  }

  /** Runs a step. An exception is an internal error: the execution ends and rejects. */
  private attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.finished = true;
      this.progress?.stop();
      this.leave();
      this.forget();
      this.streamed?.stream.fail(error);
      this.reject(error);
    }
  }

  private send(request: CompiledRequest): void {
    // a synchronous response can end the execution: what is left belongs to late groups
    if (this.finished) return;
    if (this.streamed && !this.isNeeded(request)) return this.done(request);
    const { planned } = request;
    const sent = this.gather(request);
    for (const done of sent) if (done.skipped) noteSkipped(this, request, done.lookup, done.skipped);
    const variables = variablesOf(sent);
    // nothing to look up, nothing to send
    if (request.lookups.length > 0 && variables === '') return this.done(request);
    if (planned.root?.position.origin && this.targets.at(planned.root.position).length === 0) return this.done(request);
    const source = this.input.sources.get(planned.subgraph.name);
    if (!source) throw new Error(`no source for subgraph "${planned.subgraph.name}"`);
    const { maxEntities } = source;
    if (maxEntities !== undefined && countEntities(sent) > maxEntities)
      this.sendInParts(source, request, sent, maxEntities);
    else this.sendTo(source, request, sent, variables);
  }

  /** Sends a request in several parts. The last response completes it. */
  private sendInParts(source: Source, request: CompiledRequest, sent: readonly GatheredEntities[], max: number): void {
    const parts = splitEntities(sent, max);
    forgetObjects(sent);
    this.openParts ??= new OpenParts();
    this.openParts.add(request, parts.length);
    // a synchronous response can end the execution
    for (const part of parts) if (!this.finished) this.sendTo(source, request, part, variablesOf(part));
  }

  /** @param entities the variables of the look-ups, as JSON members */
  private sendTo(source: Source, request: CompiledRequest, sent: readonly GatheredEntities[], entities: string): void {
    const document = request.document.select(sent);
    let variables = entities;
    for (const name of document.variables) {
      const text = this.variableText(name);
      if (text !== undefined) variables += `${variables && ','}${JSON.stringify(name)}:${text}`;
    }
    const body = `${document.bodyHead}${variables && `,"variables":{${variables}}`}}`;
    const { operationType } = request.planned;
    source.send({ body, operationType, client: this.input.client, memory: this.memory }, (response) =>
      this.attempt(() => this.receive(request, sent, response)),
    );
  }

  private gather(request: CompiledRequest): GatheredEntities[] {
    const { lookups } = request;
    const [first] = lookups;
    // an array that is pushed to reserves room for many items
    if (first && lookups.length === 1 && !first.contexts) return [gatherEntities(first, this.targets)];
    return gatherLookups(request, this.targets, this);
  }

  /** Returns whether a payload still needs a request, and records that errors are about it from now on. */
  private isNeeded(request: CompiledRequest): boolean {
    this.current = request;
    return this.streamed?.delivery.isClosed(request) !== true;
  }

  private variableText(name: string): string | undefined {
    let text = this.variableTexts?.get(name);
    if (text === undefined) {
      text = stringifyJson(this.input.variables[name]);
      if (text !== undefined) {
        this.variableTexts ??= new Map();
        this.variableTexts.set(name, text);
      }
    }
    return text;
  }

  private receive(request: CompiledRequest, sent: readonly GatheredEntities[], response: SubgraphResponse): void {
    // it belongs to a late group
    if (this.finished) return forgetObjects(sent);
    if (this.streamed && !this.isNeeded(request)) {
      forgetObjects(sent);
      return this.done(request);
    }
    if (response.kind === 'text' && response.text.length >= LONG_RESPONSE && this.hasToWait(request, sent, response))
      return;
    this.settle(request, sent, response);
  }

  private settle(request: CompiledRequest, sent: readonly GatheredEntities[], response: SubgraphResponse): void {
    if (this.streamed) this.current = request;
    if (response.kind === 'failure') this.report.addFailure(request, sent, response.failure);
    else this.merge(request, sent, response);
    forgetObjects(sent);
    this.done(request);
  }

  private merge(request: CompiledRequest, sent: readonly GatheredEntities[], response: CompleteResponse): void {
    this.textTaken += lengthOf(response);
    if (this.escapeFree && mayHaveEscapes(response)) this.escapeFree = false;
    mergeResponse(this, request, sent, response);
  }

  /** Returns whether the response waits for memory; `false` where it is merged now. */
  private hasToWait(request: CompiledRequest, sent: readonly GatheredEntities[], response: TextResponse): boolean {
    try {
      if (this.memory === undefined || this.memory.mayTake(response.text.length)) return false;
      this.wait(request, sent, response);
    } catch (error) {
      const { groups, subgraph } = request.planned;
      // a defer group without memory is left out; the rest of the result does not need it
      if (!(error instanceof OverloadedError) || groups === undefined) throw error;
      const message = `The response of the subgraph "${subgraph.name}" exceeds the memory that the gateway has left.`;
      this.settle(request, sent, { kind: 'failure', failure: { code: 'OVERLOADED', message } });
    }
    return true;
  }

  /** Ends because there is no memory, unless there are defer groups that can be left out. */
  refuse(error: OverloadedError): boolean {
    if (this.progress !== undefined) return false;
    this.attempt(() => {
      throw error;
    });
    return true;
  }

  private wait(request: CompiledRequest, sent: readonly GatheredEntities[], response: TextResponse): void {
    this.memory?.wait(response.text.length, (disconnected) =>
      this.attempt(() => {
        if (this.finished) return forgetObjects(sent);
        this.settle(request, sent, disconnected ? { kind: 'failure', failure: CLIENT_DISCONNECTED } : response);
      }),
    );
  }

  private done(request: CompiledRequest): void {
    if (this.openParts?.isOpenAfterResponse(request)) return;
    this.open -= 1;
    if (this.progress !== undefined) {
      this.progress.done(request);
      if (this.streamed === undefined && this.progress.isDue) return this.finish();
    }
    for (const id of request.dependents) {
      const left = (this.waiting[id] ?? 0) - 1;
      this.waiting[id] = left;
      const next = this.compiled.requests[id];
      if (left === 0 && next) this.send(next);
    }
    if (this.open === 0 || this.streamed) this.proceed();
  }

  /** Writes what is complete: the result, or payloads of a stream. */
  private proceed(): void {
    if (this.finished) return;
    if (this.streamed === undefined) {
      if (this.open === 0 || this.progress?.isDue) this.finish();
    } else if (this.streamed.delivery.advance()) this.endStream();
  }

  private endStream(): void {
    this.finished = true;
    this.progress?.stop();
    this.streamed?.stream.close();
    this.end();
  }

  private stop(progress: DeferProgress): LateGroups {
    progress.stop();
    return { isLate: (group) => progress.isPending(group), missed: new Set() };
  }

  /**
   * Clears the response tree and everything that refers to it. What had to wait is an old object by now, or was
   * allocated as one; V8 keeps what a dead old object points to until the next full collection, copying the young
   * part of it at each minor one.
   */
  private forget(): void {
    for (const key of Object.keys(this.data)) this.data[key] = undefined;
    this.targets.forget();
  }

  private leave(): void {
    this.memory?.leave();
    if (this.weight > 0) this.input.admissionQueue?.leave(this.weight);
    this.weight = 0;
  }

  private finish(): void {
    // a synchronous source can end the execution from within a loop above
    if (this.finished) return;
    this.finished = true;
    const { introspected, deferGroups, knownErrors } = this.input;
    const late = this.progress && this.stop(this.progress);
    const context = new WriteContext({ introspected, late, nullReasons: this.nullReasonsIfAny });
    const text = writeEscapeFree(this.escapeFree, () => this.compiled.projection.write(this.data, context));
    if (late) for (const group of late.missed) this.report.addTimeout(deferGroups?.list[group] as DeferGroup);
    const { violations } = context;
    observeMissing(this.input.responseObserver, violations);
    const hasNoErrors = this.errorReport === undefined && violations.length === 0;
    const errors = hasNoErrors ? (knownErrors ?? []) : this.report.all(violations);
    this.end();
    this.resolve(text, errors);
  }

  private end(): void {
    this.forget();
    this.compiled.last.text = this.textTaken;
    this.leave();
  }
}
