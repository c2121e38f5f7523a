import type { GraphQLFormattedError } from 'graphql';
import type { TimedSection } from '../operation/timed-sections.ts';
import { isStackOverflow, stringifyJson } from '../shared/exact-json.ts';
import type { ResponseMemory, SourceFailure, SubgraphResponse } from '../sources/source.ts';
import { HEAVY_EXECUTION } from './admission-queue.ts';
import type { CompiledLookup, CompiledPlan, CompiledRequest } from './compile.ts';
import { ErrorReport } from './error-report.ts';
import { CLIENT_DISCONNECTED, malformed, readSubgraphErrors, type SubgraphError } from './errors.ts';
import type { ExecutionInput } from './execution-input.ts';
import { forgetObjects, type GatheredEntities, gatherEntities } from './gather-entities.ts';
import { gatherLookups } from './gather-lookups.ts';
import { writeEscapeFree } from './json-text.ts';
import { LONG_RESPONSE, OverloadedError, type Reservation } from './memory-budget.ts';
import { MissingKeyReasons } from './missing-key-reasons.ts';
import { NullReasons } from './null-reasons.ts';
import { isObject, type ResponseObject } from './objects.ts';
import type { LateSections } from './projection.ts';
import { type CompleteResponse, lengthOf, mayHaveEscapes, resultOf } from './read-response.ts';
import { reportMissing } from './report-missing.ts';
import { type MergeProblems, ResponseMerger } from './response-merger.ts';
import { ResponseObjects } from './response-objects.ts';
import { SectionTimers } from './section-timers.ts';
import { keyNames } from './written-keys.ts';

/** The result of executing a plan: the text of `data`, and the errors. */
export interface PlanResult {
  readonly dataText: string;
  readonly errors: readonly GraphQLFormattedError[];
}

/**
 * Executes a compiled plan. Resolves when every request has completed or failed; never rejects because of a subgraph.
 * @param use converts the result into the value of the promise, which saves one promise for each request
 */
export function executePlan<T = PlanResult>(
  compiled: CompiledPlan,
  input: ExecutionInput,
  use: (result: PlanResult) => T = identity,
): Promise<T> {
  return new Promise((resolve, reject) => {
    new Execution(compiled, input, (result) => resolve(use(result)), reject).begin();
  });
}

type TextResponse = Extract<SubgraphResponse, { kind: 'text' }>;

const NO_ERRORS: readonly SubgraphError[] = [];
const LIST_MISSING = 'the list of entities is missing or has another length';

const identity = <T>(result: PlanResult) => result as T;

/**
 * One execution of a plan. A request starts when the last one that it depends on is done. Responses are merged into
 * one response tree.
 */
class Execution implements MergeProblems, ResponseMemory {
  private readonly compiled: CompiledPlan;
  private readonly input: ExecutionInput;
  private readonly data: ResponseObject = {};
  private readonly targets: ResponseObjects;
  private readonly merger: ResponseMerger;
  private readonly waiting: number[];
  private open: number;
  private finished = false;
  /** Whether no response so far contains a backslash. */
  private escapeFree = true;
  private errorReport: ErrorReport | undefined;
  private nullReasonsIfAny: NullReasons | undefined;
  private readonly resolve: (result: PlanResult) => void;
  private readonly reject: (error: unknown) => void;
  private variableTexts: Map<string, string> | undefined;
  private readonly timers: SectionTimers | undefined;
  private reservation: Reservation | undefined;
  /** In UTF-16 code units. */
  private textTaken = 0;
  /** The weight with which it entered the admission queue. */
  private weight = 0;

  constructor(
    compiled: CompiledPlan,
    input: ExecutionInput,
    resolve: (result: PlanResult) => void,
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
    this.timers = input.sections && compiled.plan.sections && new SectionTimers(compiled, input.sections);
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

  private start(): void {
    if (this.open === 0) return this.finish();
    if (this.input.sections) this.timers?.start(this.input.sections, () => this.attempt(() => this.finish()));
    // requests may finish synchronously and change the counters, so the ready ones are selected first
    const ready = this.compiled.requests.filter(({ planned }) => planned.dependsOn.length === 0);
    for (const request of ready) this.attempt(() => this.send(request));
  }

  /** Created with the first error. */
  get report(): ErrorReport {
    this.errorReport ??= new ErrorReport(this.compiled, this.targets, this.nullReasons, this.input);
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
      this.timers?.stop();
      this.leave();
      this.forget();
      this.reject(error);
    }
  }

  private send(request: CompiledRequest): void {
    // a synchronous response can end the execution: what is left belongs to late sections
    if (this.finished) return;
    const { planned } = request;
    const sent = this.gather(request);
    let variables = '';
    for (const done of sent) if (done.skipped) this.noteSkipped(request, done.lookup, done.skipped);
    for (const done of sent) if (done.count > 0) variables += `${variables && ','}${done.variables}`;
    // nothing to look up, nothing to send
    if (request.lookups.length > 0 && variables === '') return this.done(request);
    if (planned.root?.position.origin && this.targets.at(planned.root.position).length === 0) return this.done(request);
    const source = this.input.sources.get(planned.subgraph.name);
    if (!source) throw new Error(`no source for subgraph "${planned.subgraph.name}"`);
    const document = request.document.select(sent);
    for (const name of document.variables) {
      const text = this.variableText(name);
      if (text !== undefined) variables += `${variables && ','}${JSON.stringify(name)}:${text}`;
    }
    const body = `${document.bodyHead}${variables && `,"variables":{${variables}}`}}`;
    const { operationType } = planned;
    source.send({ body, operationType, client: this.input.client, memory: this }, (response) =>
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

  private noteSkipped(request: CompiledRequest, lookup: CompiledLookup, objects: readonly ResponseObject[]): void {
    const { nullReasons, targets, data: root } = this;
    const service = request.planned.subgraph.name;
    const keys = keyNames(lookup.keys);
    const skipped = new MissingKeyReasons(service, lookup, {
      nullReasons,
      targets,
      root,
      types: this.input.supergraph.types,
    });
    const failed: ResponseObject[] = [];
    for (const object of objects) {
      const reason = skipped.reason(object);
      if (reason === 'reported') failed.push(object);
      else nullReasons.add(object, { service, keys, reason });
    }
    if (failed.length > 0) this.report.addMissingKeys(request, lookup, failed);
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
    // it belongs to a late section
    if (this.finished) return forgetObjects(sent);
    if (response.kind === 'text' && response.text.length >= LONG_RESPONSE && this.hasToWait(request, sent, response))
      return;
    this.settle(request, sent, response);
  }

  private settle(request: CompiledRequest, sent: readonly GatheredEntities[], response: SubgraphResponse): void {
    try {
      if (response.kind === 'failure') this.fail(request, sent, response.failure);
      else this.mergeResponse(request, sent, response);
    } catch (error) {
      if (response.kind === 'failure' || !isStackOverflow(error)) throw error;
      this.fail(request, sent, malformed(request.planned, 'it is nested too deeply', response.status));
    }
    forgetObjects(sent);
    this.done(request);
  }

  /** Returns whether the response waits for memory; `false` where it is merged now. */
  private hasToWait(request: CompiledRequest, sent: readonly GatheredEntities[], response: TextResponse): boolean {
    try {
      if (this.mayTake(response.text.length)) return false;
      this.wait(request, sent, response);
    } catch (error) {
      const { sections, subgraph } = request.planned;
      // a section without memory is left out; the rest of the result does not need it
      if (!(error instanceof OverloadedError) || sections === undefined) throw error;
      const message = `The response of the subgraph "${subgraph.name}" exceeds the memory that the gateway has left.`;
      this.settle(request, sent, { kind: 'failure', failure: { code: 'OVERLOADED', message } });
    }
    return true;
  }

  /** Takes memory for a response that a source in this process reads. */
  take(size: number, proceed: (isOver: boolean) => void): void {
    try {
      if (this.finished) proceed(true);
      else if (this.mayTake(size)) proceed(false);
      else this.reservation?.wait(size, proceed);
    } catch (error) {
      // a section without memory is left out; the rest of the result does not need it
      if (!(error instanceof OverloadedError) || this.timers) throw error;
      this.attempt(() => {
        throw error;
      });
      proceed(true);
    }
  }

  private mayTake(size: number): boolean {
    const { budget, client } = this.input;
    // the result of a mutation is reported in any case
    if (!budget || this.compiled.plan.operation.kind === 'mutation') return true;
    this.reservation ??= budget.reserve(client.signal);
    return this.reservation.take(size);
  }

  private wait(request: CompiledRequest, sent: readonly GatheredEntities[], response: TextResponse): void {
    this.reservation?.wait(response.text.length, (disconnected) =>
      this.attempt(() => {
        if (this.finished) return forgetObjects(sent);
        this.settle(request, sent, disconnected ? { kind: 'failure', failure: CLIENT_DISCONNECTED } : response);
      }),
    );
  }

  private mergeResponse(request: CompiledRequest, sent: readonly GatheredEntities[], response: CompleteResponse): void {
    const { planned } = request;
    const { status } = response;
    this.textTaken += lengthOf(response);
    if (this.escapeFree && mayHaveEscapes(response)) this.escapeFree = false;
    let result: unknown;
    try {
      result = resultOf(response, request.hasDecimals);
    } catch {
      return this.fail(request, sent, malformed(planned, 'not JSON', status));
    }
    if (!isObject(result) || (result.data === undefined && result.errors === undefined)) {
      return this.fail(request, sent, malformed(planned, 'neither data nor errors', status));
    }
    const { data } = result;
    const errors = result.errors === undefined ? NO_ERRORS : readSubgraphErrors(result.errors);
    if (isObject(data)) {
      if (planned.root) this.merger.mergeRoot(request, data);
      const missing = planned.root ? undefined : this.merger.mergeLookups(request, sent, data);
      if (missing)
        return reportMissing(this.report, {
          request,
          missing,
          sent,
          errors,
          data,
          failure: malformed(planned, LIST_MISSING, status),
        });
      if (errors.length > 0) this.report.addSubgraphErrors(request, sent, errors, data);
    } else {
      const failure = malformed(planned, 'data is not an object', status);
      reportMissing(this.report, { request, missing: sent, sent, errors, data, failure });
    }
  }

  private fail(request: CompiledRequest, sent: readonly GatheredEntities[], failure: SourceFailure): void {
    this.report.addFailure(request, sent, failure);
  }

  private done(request: CompiledRequest): void {
    this.open -= 1;
    if (this.timers?.done(request)) return this.finish();
    for (const id of request.dependents) {
      const left = (this.waiting[id] ?? 0) - 1;
      this.waiting[id] = left;
      const next = this.compiled.requests[id];
      if (left === 0 && next) this.send(next);
    }
    if (this.open === 0) this.finish();
  }

  private stop(timers: SectionTimers): LateSections {
    timers.stop();
    return { isLate: (section) => timers.isLate(section), missed: new Set() };
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
    this.reservation?.leave();
    if (this.weight > 0) this.input.admissionQueue?.leave(this.weight);
    this.weight = 0;
  }

  private finish(): void {
    // a synchronous source can end the execution from within a loop above
    if (this.finished) return;
    this.finished = true;
    const { projection } = this.compiled;
    const late = this.timers && this.stop(this.timers);
    const { text, violations } = writeEscapeFree(this.escapeFree, () =>
      projection.write(this.data, this.input.introspected, late, this.nullReasonsIfAny),
    );
    if (late)
      for (const section of late.missed)
        this.report.addSectionTimeout(this.input.sections?.list[section] as TimedSection);
    const hasNoErrors = this.errorReport === undefined && violations.length === 0;
    const errors = hasNoErrors ? (this.input.knownErrors ?? []) : this.report.all(violations);
    this.forget();
    this.compiled.last.text = this.textTaken;
    this.leave();
    this.resolve({ dataText: text, errors });
  }
}
