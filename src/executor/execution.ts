import type { DeferGroup } from '../operation/defer-groups.ts';
import type { OverloadedError } from '../shared/overloaded-error.ts';
import type { Source, SubgraphResponse } from '../sources/source.ts';
import { HEAVY_EXECUTION } from './admission-queue.ts';
import type { CompiledPlan, CompiledRequest } from './compile.ts';
import { type DeferProgress, isSplit, openProgress } from './defer-progress.ts';
import type { OpenedStream } from './delivery.ts';
import { ErrorReport } from './error-report.ts';
import type { ExecutionInput, UseResult } from './execution-input.ts';
import { type ExecutionMemory, openMemory } from './execution-memory.ts';
import { requestOf } from './fetch-parts.ts';
import { forgetObjects, type GatheredEntities, variablesOf } from './gather-entities.ts';
import { gatherLookups } from './gather-lookups.ts';
import { writeEscapeFree } from './json-text.ts';
import type { OpenSlices } from './list-slices.ts';
import { receiveLong } from './long-responses.ts';
import { writeInSlices } from './long-work.ts';
import { LONG_RESPONSE } from './memory-budget.ts';
import { type MergeTarget, mergeResponse } from './merge-response.ts';
import { noteSkipped } from './missing-key-reasons.ts';
import { NullReasons } from './null-reasons.ts';
import type { ResponseObject } from './objects.ts';
import { observeMissing } from './observe-missing.ts';
import { type CompleteResponse, lengthOf, mayHaveEscapes, SLICED_TEXT } from './read-response.ts';
import { RequestBodies } from './request-body.ts';
import { ResponseMerger } from './response-merger.ts';
import type { ResponseObjects } from './response-objects.ts';
import { sendFetch } from './send-fetch.ts';
import { type ListSlice, openTargets } from './sliced-objects.ts';
import { countEntities, OpenParts } from './split-entities.ts';
import type { StreamedExecution } from './stream-delivery.ts';
import { traceNulls } from './trace-execution.ts';
import { WriteContext } from './write-context.ts';

/**
 * One execution of a plan. A request starts when the last one that it depends on is done. Responses are merged into
 * one response tree.
 */
export class Execution implements MergeTarget, StreamedExecution {
  readonly compiled: CompiledPlan;
  readonly input: ExecutionInput;
  readonly data: ResponseObject;
  readonly targets: ResponseObjects;
  readonly merger: ResponseMerger;
  protected readonly waiting: number[];
  protected open: number;
  finished = false;
  /** Whether no response so far contains a backslash. */
  escapeFree = true;
  protected errorReport: ErrorReport | undefined;
  nullReasonsIfAny: NullReasons | undefined;
  private readonly resolve: UseResult<void>;
  private readonly reject: (error: unknown) => void;
  readonly bodies: RequestBodies;
  readonly progress: DeferProgress | undefined;
  /** Set for a result in parts. */
  streamed: OpenedStream | undefined;
  /** Set where it has lists with `@stream`. */
  slices: OpenSlices | undefined;
  /** The request that errors are about, where the payloads of a stream share them out. */
  private current: CompiledRequest | undefined;
  readonly memory: ExecutionMemory | undefined;
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
    slice?: ListSlice,
  ) {
    this.compiled = compiled;
    this.input = input;
    this.bodies = new RequestBodies(input.variables);
    this.resolve = resolve;
    this.reject = reject;
    this.data = slice?.around.data ?? {};
    this.targets = openTargets(compiled, input, this.data, slice);
    this.merger = new ResponseMerger(
      this.targets,
      input.supergraph.types,
      this,
      isSplit(compiled),
      compiled.sharedReads,
    );
    this.waiting = compiled.requests.map(({ planned }) => planned.dependsOn.length);
    this.open = compiled.requests.length;
    this.memory = openMemory(compiled, input, this);
    this.progress = openProgress(compiled, input.deferGroups);
  }

  begin(): void {
    const { admissionQueue } = this.input;
    // an estimate where the plan has not been executed yet
    const text = this.compiled.last.text || (admissionQueue?.estimate(this.compiled.plan) ?? 0);
    if (!admissionQueue || text < HEAVY_EXECUTION) return this.attempt(() => this.start());
    admissionQueue.enter(text, () => {
      this.weight = text;
      this.attempt(() => this.start());
    });
  }

  protected start(): void {
    if (this.open === 0) return this.proceed();
    this.progress?.start(() => this.attempt(() => this.proceed()));
    // requests may finish synchronously and change the counters, so the ready ones are selected first
    const ready = this.compiled.requests.filter(({ planned }) => planned.dependsOn.length === 0);
    for (const request of ready) this.attempt(() => this.send(request));
    // everything may be deferred
    if (this.streamed && this.progress?.isRestDone) this.attempt(() => this.proceed());
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
  attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    this.finished = true;
    this.slices?.stop();
    this.progress?.stop();
    this.leave();
    this.targets.forget();
    this.streamed?.stream.fail(error);
    this.reject(error);
  }

  protected send(request: CompiledRequest): void {
    // a synchronous response can end the execution: what is left belongs to late groups
    if (this.finished) return;
    if (this.streamed && !this.isNeeded(request)) return this.done(request);
    const { planned } = request;
    const sent = gatherLookups(request, this.targets, this);
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
    this.openParts ??= new OpenParts();
    const parts = this.openParts.split(request, sent, max);
    // a synchronous response can end the execution
    for (const part of parts) if (!this.finished) this.sendTo(source, request, part, variablesOf(part));
  }

  /** @param entities the variables of the look-ups, as JSON members */
  private sendTo(source: Source, request: CompiledRequest, sent: readonly GatheredEntities[], entities: string): void {
    const fetch = requestOf(source.name, request, sent, entities, this);
    sendFetch(source, fetch, (response) => this.attempt(() => this.receive(request, sent, response)));
  }

  /** Returns whether a payload still needs a request, and records that errors are about it from now on. */
  private isNeeded(request: CompiledRequest): boolean {
    this.current = request;
    return this.streamed?.delivery.isClosed(request) !== true;
  }

  private receive(request: CompiledRequest, sent: readonly GatheredEntities[], response: SubgraphResponse): void {
    // it belongs to a late group
    if (this.finished) return forgetObjects(sent);
    if (this.streamed && !this.isNeeded(request)) {
      forgetObjects(sent);
      return this.done(request);
    }
    if (this.streamed?.early?.hold(request, () => this.receive(request, sent, response))) return;
    if (response.kind === 'text' && response.text.length >= LONG_RESPONSE) receiveLong(this, request, sent, response);
    else this.settle(request, sent, response);
  }

  /** Merges a response, or reports that there is none. */
  settle(request: CompiledRequest, sent: readonly GatheredEntities[], response: SubgraphResponse): void {
    if (this.streamed) this.current = request;
    if (response.kind === 'failure') this.report.addFailure(request, sent, response.failure);
    else this.merge(request, sent, response);
    forgetObjects(sent);
    this.done(request);
  }

  private merge(request: CompiledRequest, sent: readonly GatheredEntities[], response: CompleteResponse): void {
    this.count(lengthOf(response), mayHaveEscapes(response));
    mergeResponse(this, request, sent, response);
  }

  /** Records how long a response is, and whether it may contain a backslash. */
  count(length: number, hasEscapes: boolean): void {
    this.textTaken += length;
    if (hasEscapes) this.escapeFree = false;
  }

  /** Ends because there is no memory, unless there are defer groups that can be left out. */
  refuse(error: OverloadedError): boolean {
    if (this.progress !== undefined) return false;
    this.fail(error);
    return true;
  }

  private done(request: CompiledRequest): void {
    if (this.openParts?.isOpenAfterResponse(request)) return;
    this.open -= 1;
    if (this.progress !== undefined) {
      this.progress.done(request);
      if (this.streamed === undefined && this.progress.isDue) return this.finish();
    }
    this.sendNext(request);
    this.slices?.record(request);
    if (this.open === 0 || this.streamed) this.proceed();
    this.streamed?.early?.record(request);
  }

  /** Sends the requests that have waited for one, and for no other any more. */
  protected sendNext({ dependents }: CompiledRequest): void {
    for (const id of dependents) {
      const left = (this.waiting[id] ?? 0) - 1;
      this.waiting[id] = left;
      const next = this.compiled.requests[id];
      if (left === 0 && next) this.send(next);
    }
  }

  /** Writes what is complete: the result, or payloads of a stream. */
  private proceed(): void {
    if (this.finished) return;
    if (this.streamed === undefined) {
      if (this.open === 0 || this.progress?.isDue) this.finish();
    } else if (this.streamed.delivery.advance()) this.endStream();
  }

  endStream(): void {
    this.finished = true;
    this.slices?.stop();
    this.progress?.stop();
    traceNulls(this, (group) => this.streamed?.delivery.wasLate?.(group) === true);
    this.streamed?.stream.close();
    this.end();
  }

  protected leave(): void {
    this.memory?.leave();
    if (this.weight > 0) this.input.admissionQueue?.leave(this.weight);
    this.weight = 0;
  }

  private finish(): void {
    // a synchronous source can end the execution from within a loop above
    if (this.finished) return;
    this.finished = true;
    const late = this.progress?.stop();
    const options = { introspected: this.input.introspected, late, nullReasons: this.nullReasonsIfAny };
    if (this.textTaken >= SLICED_TEXT) {
      writeInSlices(this, options).then(
        ({ text, context }) => this.attempt(() => this.complete(text, context)),
        (error: unknown) => this.fail(error),
      );
      return;
    }
    const context = new WriteContext(options);
    const text = writeEscapeFree(this.escapeFree, () => this.compiled.projection.write(this.data, context));
    this.complete(text, context);
  }

  /** Ends with the text of the result. */
  private complete(text: string, context: WriteContext): void {
    const { deferGroups, knownErrors } = this.input;
    const { late, violations } = context;
    if (late) for (const group of late.missed) this.report.addTimeout(deferGroups?.list[group] as DeferGroup);
    observeMissing(this.input.responseObserver, violations, this.input.client);
    traceNulls(this, (group) => late?.isLate(group) === true);
    const hasNoErrors = this.errorReport === undefined && violations.length === 0;
    const errors = hasNoErrors ? (knownErrors ?? []) : this.report.all(violations);
    this.end();
    this.resolve(text, errors);
  }

  private end(): void {
    this.targets.forget();
    const { last, plan } = this.compiled;
    if (last.text === 0 || this.textTaken >= HEAVY_EXECUTION || this.weight > 0)
      this.input.admissionQueue?.record(plan, this.textTaken);
    last.text = this.textTaken;
    this.leave();
  }
}
