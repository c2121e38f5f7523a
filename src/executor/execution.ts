import type { GraphQLFormattedError } from 'graphql';
import type { TimedSection, TimedSections } from '../operation/timed-sections.ts';
import { parseJson, stringifyJson } from '../shared/exact-json.ts';
import type { ClientContext, Source, SourceFailure, SubgraphResponse } from '../sources/source.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { type AdmissionQueue, HEAVY_RUN } from './admission-queue.ts';
import type { CompiledLookup, CompiledPlan, CompiledRequest, WrittenKey } from './compile.ts';
import { EntityProblems } from './entity-problems.ts';
import { ErrorReport, keyNames } from './error-report.ts';
import { malformed, readSubgraphErrors, type SubgraphError } from './errors.ts';
import { Gaps } from './gaps.ts';
import { type CompiledContexts, gatherByContext } from './gather-by-context.ts';
import { forgetObjects, type GatheredEntities, gatherEntities } from './gather-entities.ts';
import { writeEscapeFree } from './json-text.ts';
import { LONG_ANSWER, type MemoryBudget, OverloadedError, type Reservation } from './memory-budget.ts';
import { copyValue, isObject, type MergeObserver, mergeValue, type ResponseObject } from './objects.ts';
import type { LateSections } from './projection.ts';
import { ResponseObjects } from './response-objects.ts';
import { SectionClock } from './section-clock.ts';
import { Unasked } from './unasked.ts';

export interface ExecutionInput {
  readonly supergraph: Supergraph;
  readonly sources: ReadonlyMap<string, Source>;
  readonly client: ClientContext;
  /** Coerced variable values. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** JSON texts of introspection fields, by response key. */
  readonly introspected: ReadonlyMap<string, string>;
  /** Errors of fields that are not fetched. */
  readonly knownErrors?: readonly GraphQLFormattedError[] | undefined;
  /** See `EngineRequest`. */
  readonly reportEveryPlace?: boolean | undefined;
  /** How long the rest waits for the sections of the plan; where it is missing, until they are there. */
  readonly sections?: TimedSections | undefined;
  /** Where long answers wait until there is memory for them; without it, none waits. */
  readonly budget?: MemoryBudget | undefined;
  /** Where heavy runs wait until others are done; without it, all begin at once. */
  readonly admissionQueue?: AdmissionQueue | undefined;
}

export interface PlanResult {
  readonly dataText: string;
  readonly errors: readonly GraphQLFormattedError[];
}

/**
 * Runs a compiled plan. Resolves when every request has been answered or has failed; never rejects for a subgraph's sake.
 * @param use makes of the result what the promise is for: one promise less for each request that waits
 */
export function executePlan<T = PlanResult>(
  compiled: CompiledPlan,
  input: ExecutionInput,
  use: (result: PlanResult) => T = asItIs,
): Promise<T> {
  return new Promise((resolve, reject) => {
    new Execution(compiled, input, (result) => resolve(use(result)), reject).begin();
  });
}

type TextResponse = Extract<SubgraphResponse, { kind: 'text' }>;

const CLIENT_GONE: SourceFailure = { code: 'SUBREQUEST_HTTP_ERROR', message: 'Nobody waits for the answer any more.' };

const NO_ERRORS: readonly SubgraphError[] = [];
const LIST_MISSING = 'the list of entities is missing or has another length';

const asItIs = <T>(result: PlanResult) => result as T;

/**
 * One run of a plan. Requests start when the last one they wait for is done; answers are laid into one response tree,
 * each entity into all objects that it was looked up for.
 */
class Execution implements MergeObserver {
  private readonly compiled: CompiledPlan;
  private readonly input: ExecutionInput;
  private readonly data: ResponseObject = {};
  private readonly targets: ResponseObjects;
  private readonly waiting: number[];
  private open: number;
  private finished = false;
  /** No answer so far had a backslash in it. */
  private escapeFree = true;
  private errorReport: ErrorReport | undefined;
  private knownGaps: Gaps | undefined;
  /** The subgraph whose answer is being laid into the response. */
  private service = '';
  private readonly resolve: (result: PlanResult) => void;
  private readonly reject: (error: unknown) => void;
  private variableTexts: Map<string, string> | undefined;
  private readonly clock: SectionClock | undefined;
  private ticket: Reservation | undefined;
  /** In UTF-16 code units. */
  private textTaken = 0;
  /** What it has entered the queue of starts with. */
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
    this.waiting = compiled.requests.map(({ planned }) => planned.dependsOn.length);
    this.open = compiled.requests.length;
    this.clock = input.sections && compiled.plan.sections && new SectionClock(compiled, input.sections);
  }

  begin(): void {
    const { admissionQueue } = this.input;
    const { text } = this.compiled.last;
    if (!admissionQueue || text < HEAVY_RUN) return this.attempt(() => this.start());
    admissionQueue.enter(text, () => {
      this.weight = text;
      this.attempt(() => this.start());
    });
  }

  private start(): void {
    if (this.open === 0) return this.finish();
    if (this.input.sections) this.clock?.start(this.input.sections, () => this.attempt(() => this.finish()));
    // counters change while requests finish at once, so what can start is settled first
    const ready = this.compiled.requests.filter(({ planned }) => planned.dependsOn.length === 0);
    for (const request of ready) this.attempt(() => this.send(request));
  }

  /** Made when something goes wrong, as it mostly does not. */
  private get report(): ErrorReport {
    this.errorReport ??= new ErrorReport(this.compiled, this.targets, this.gaps, this.input);
    return this.errorReport;
  }

  private get gaps(): Gaps {
    this.knownGaps ??= new Gaps();
    return this.knownGaps;
  }

  onNull(value: unknown, isNew: boolean): void {
    this.gaps.addBelow(value, { service: this.service, isOfOthers: !isNew, keys: undefined, reason: 'null' });
  }

  onLength(known: readonly unknown[], length: number): void {
    const { service } = this;
    const message = `The subgraph "${service}" answered a list of ${length} where another subgraph answered one of ${known.length}.`;
    const reason = { message, code: 'SUBREQUEST_MALFORMED_RESPONSE' };
    this.gaps.addBelow(known, { service, keys: undefined, reason });
  }

  /** What goes wrong in here is a mistake of ours: the caller is told, and nothing is left hanging. */
  private attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.finished = true;
      this.clock?.stop();
      this.leave();
      this.forget();
      this.reject(error);
    }
  }

  private send(request: CompiledRequest): void {
    // an answer that came at once has ended the run: what is left are sections that are late
    if (this.finished) return;
    const { planned } = request;
    const sent = this.gather(request);
    let variables = '';
    for (const done of sent) if (done.unasked) this.noteUnasked(request, done.lookup, done.unasked);
    for (const done of sent) if (done.count > 0) variables += `${variables && ','}${done.variables}`;
    // nothing to look up, nothing to ask
    if (request.lookups.length > 0 && variables === '') return this.done(request);
    if (planned.root?.position.origin && this.targets.at(planned.root.position).length === 0) return this.done(request);
    const source = this.input.sources.get(planned.subgraph.name);
    if (!source) throw new Error(`no source for subgraph "${planned.subgraph.name}"`);
    const form = request.document.formFor(sent);
    for (const name of form.variables) {
      const text = this.variableText(name);
      if (text !== undefined) variables += `${variables && ','}${JSON.stringify(name)}:${text}`;
    }
    const body = `${form.bodyHead}${variables && `,"variables":{${variables}}`}}`;
    source.send({ body, operationType: planned.operationType, client: this.input.client }, (answer) =>
      this.attempt(() => this.receive(request, sent, answer)),
    );
  }

  private gather(request: CompiledRequest): GatheredEntities[] {
    const { lookups } = request;
    const [first] = lookups;
    // what is pushed to makes room for many
    if (first && lookups.length === 1 && !first.contexts) return [gatherEntities(first, this.targets)];
    const sent: GatheredEntities[] = [];
    for (const lookup of lookups) {
      if (lookup.contexts) this.gatherByContext(request, lookup, lookup.contexts, sent);
      else sent.push(gatherEntities(lookup, this.targets));
    }
    return sent;
  }

  private gatherByContext(
    request: CompiledRequest,
    lookup: CompiledLookup,
    contexts: CompiledContexts,
    sent: GatheredEntities[],
  ): void {
    const left = gatherByContext(lookup, contexts, this.targets, sent);
    if (left.length > 0) this.report.missingInputs(request, lookup, left, lookup.keys);
  }

  private noteUnasked(request: CompiledRequest, lookup: CompiledLookup, objects: readonly ResponseObject[]): void {
    const { gaps, targets, data: root } = this;
    const service = request.planned.subgraph.name;
    const keys = keyNames(lookup.keys);
    const unasked = new Unasked(service, lookup, { gaps, targets, root, types: this.input.supergraph.types });
    const failed: ResponseObject[] = [];
    for (const object of objects) {
      const reason = unasked.reason(object);
      if (reason === 'reported') failed.push(object);
      else gaps.add(object, { service, keys, reason });
    }
    if (failed.length > 0) this.report.missingKeys(request, lookup, failed);
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

  private receive(request: CompiledRequest, sent: readonly GatheredEntities[], answer: SubgraphResponse): void {
    // it was for a section that nobody waits for any more
    if (this.finished) return forgetObjects(sent);
    if (answer.kind === 'text' && answer.text.length >= LONG_ANSWER && this.hasToWait(request, sent, answer)) return;
    this.settle(request, sent, answer);
  }

  private settle(request: CompiledRequest, sent: readonly GatheredEntities[], answer: SubgraphResponse): void {
    if (answer.kind === 'failure') this.fail(request, sent, answer.failure);
    else this.take(request, sent, answer);
    forgetObjects(sent);
    this.done(request);
  }

  /** @returns false where the answer is to be taken now */
  private hasToWait(request: CompiledRequest, sent: readonly GatheredEntities[], answer: TextResponse): boolean {
    try {
      if (this.mayTake(answer.text.length)) return false;
      this.wait(request, sent, answer);
    } catch (error) {
      const { sections, subgraph } = request.planned;
      // a section that finds no room is missing from the rest, which can do without it
      if (!(error instanceof OverloadedError) || sections === undefined) throw error;
      const message = `Subgraph "${subgraph.name}" has answered more than the gateway has memory for.`;
      this.settle(request, sent, { kind: 'failure', failure: { code: 'OVERLOADED', message } });
    }
    return true;
  }

  private mayTake(size: number): boolean {
    const { budget, client } = this.input;
    // what a mutation has done is told in any case
    if (!budget || this.compiled.plan.operation.kind === 'mutation') return true;
    this.ticket ??= budget.ticket(client.signal);
    return this.ticket.take(size);
  }

  private wait(request: CompiledRequest, sent: readonly GatheredEntities[], answer: TextResponse): void {
    this.ticket?.wait(answer.text.length, (gone) =>
      this.attempt(() => {
        if (this.finished) return forgetObjects(sent);
        this.settle(request, sent, gone ? { kind: 'failure', failure: CLIENT_GONE } : answer);
      }),
    );
  }

  private take(request: CompiledRequest, sent: readonly GatheredEntities[], answer: TextResponse): void {
    const { planned } = request;
    const { text, status } = answer;
    this.textTaken += text.length;
    let result: unknown;
    if (this.escapeFree && text.includes('\\')) this.escapeFree = false;
    try {
      result = parseJson(text, request.hasDecimals, answer.mayHaveLongNumbers);
    } catch {
      return this.fail(request, sent, malformed(planned, 'not JSON', status));
    }
    if (!isObject(result) || (result.data === undefined && result.errors === undefined)) {
      return this.fail(request, sent, malformed(planned, 'neither data nor errors', status));
    }
    const { data } = result;
    const errors = result.errors === undefined ? NO_ERRORS : readSubgraphErrors(result.errors);
    this.service = planned.subgraph.name;
    if (isObject(data)) {
      if (planned.root) this.mergeRoot(request, data);
      const missing = planned.root ? undefined : this.mergeAllEntities(request, sent, data);
      if (missing) return this.lacks(request, missing, sent, errors, data, malformed(planned, LIST_MISSING, status));
      if (errors.length > 0) this.report.subgraphErrors(request, sent, errors, data);
    } else {
      this.lacks(request, sent, sent, errors, data, malformed(planned, 'data is no object', status));
    }
  }

  /** The whole of `data` is missing, or lists of entities are: that may be what the errors beside it have made. */
  private lacks(
    request: CompiledRequest,
    missing: readonly GatheredEntities[],
    sent: readonly GatheredEntities[],
    errors: readonly SubgraphError[],
    data: unknown,
    failure: SourceFailure,
  ): void {
    const answer = errors.length > 0 ? this.report.subgraphErrors(request, sent, errors, data) : undefined;
    const isNull = isObject(data) ? missing.every(({ part }) => isNothing(data[part.alias])) : isNothing(data);
    if (answer?.explainsAll && isNull) this.report.explained(request, missing, answer.explainsAll, answer);
    else this.report.failure(request, missing, failure, (key) => answer?.isReportedAt(key) === true);
  }

  private mergeRoot(request: CompiledRequest, data: ResponseObject): void {
    const position = request.planned.root?.position;
    if (!position) return;
    const targets = this.targets.at(position);
    for (let i = 0; i < targets.length; i++) {
      const own = i > 0 && request.copiesForEach ? copyValue(data) : data;
      mergeFields(targets[i] as ResponseObject, own, request.rootKeys, this);
    }
  }

  /** @returns the look-ups whose lists of entities are missing or have another length */
  private mergeAllEntities(
    request: CompiledRequest,
    sent: readonly GatheredEntities[],
    data: ResponseObject,
  ): GatheredEntities[] | undefined {
    let missing: GatheredEntities[] | undefined;
    for (let i = 0; i < sent.length; i++) {
      const gathered = sent[i] as GatheredEntities;
      const entities = data[gathered.part.alias];
      if (Array.isArray(entities) && entities.length === gathered.count) {
        this.mergeEntities(request, gathered, entities);
      } else if (gathered.count > 0) {
        // an empty look-up misses nothing
        missing ??= [];
        missing.push(gathered);
      }
    }
    return missing;
  }

  private mergeEntities(request: CompiledRequest, gathered: GatheredEntities, entities: readonly unknown[]): void {
    const { lookup, objects, slots, borders } = gathered;
    const taken = lookup.copiesForEach ? new Set<number>() : undefined;
    const left: ResponseObject[] = [];
    const { typename } = lookup.planned.representation;
    let problems: EntityProblems | undefined;
    // below two places of the response an entity's objects are filled in differently, so they must not be the same objects
    const own = lookup.copiesObjects && !taken ? [0, ...borders, objects.length] : [0, objects.length];
    for (let place = 1; place < own.length; place++) {
      const given = place === 1 ? entities : copyValue(entities);
      for (let i = own[place - 1] as number; i < (own[place] as number); i++) {
        const slot = slots[i] as number;
        const object = objects[i] as ResponseObject;
        const entity = taken?.has(slot) ? copyValue(given[slot]) : given[slot];
        taken?.add(slot);
        if (!isObject(entity) || isOfOther(entity, typename ?? object.__typename)) {
          // what is no entity of this look-up is not put into the object
          problems ??= new EntityProblems(request, gathered, this.input.supergraph.types);
          if (problems.has(object, slot, entity)) continue;
        }
        if (!mergeEntity(object, entity as ResponseObject, lookup, this)) left.push(object);
      }
    }
    if (left.length > 0) this.report.missingInputs(request, lookup, left);
    problems?.note(this.gaps, (bad) => this.report.badEntities(request, gathered, bad));
  }

  private fail(request: CompiledRequest, sent: readonly GatheredEntities[], failure: SourceFailure): void {
    this.report.failure(request, sent, failure);
  }

  private done(request: CompiledRequest): void {
    this.open -= 1;
    if (this.clock?.done(request)) return this.finish();
    for (const id of request.dependents) {
      const left = (this.waiting[id] ?? 0) - 1;
      this.waiting[id] = left;
      const next = this.compiled.requests[id];
      if (left === 0 && next) this.send(next);
    }
    if (this.open === 0) this.finish();
  }

  private stop(clock: SectionClock): LateSections {
    clock.stop();
    return { isLate: (section) => clock.isLate(section), missed: new Set() };
  }

  /**
   * Drops the tree, also out of what held it. What had to wait is an old object by now, or was made as one; V8 keeps what a dead
   * old object points to until the next full collection, copying the young part of it at each small one.
   */
  private forget(): void {
    for (const key of Object.keys(this.data)) this.data[key] = undefined;
    this.targets.forget();
  }

  private leave(): void {
    this.ticket?.leave();
    if (this.weight > 0) this.input.admissionQueue?.leave(this.weight);
    this.weight = 0;
  }

  private finish(): void {
    // a source that answers at once can end the run from within a loop above
    if (this.finished) return;
    this.finished = true;
    const { projection } = this.compiled;
    const late = this.clock && this.stop(this.clock);
    const { text, violations } = writeEscapeFree(this.escapeFree, () =>
      projection.write(this.data, this.input.introspected, late, this.knownGaps),
    );
    if (late)
      for (const section of late.missed) this.report.tooLate(this.input.sections?.list[section] as TimedSection);
    const wellDone = this.errorReport === undefined && violations.length === 0;
    const errors = wellDone ? (this.input.knownErrors ?? []) : this.report.all(violations);
    this.forget();
    this.compiled.last.text = this.textTaken;
    this.leave();
    this.resolve({ dataText: text, errors });
  }
}

/** @returns false where fields were left out because the object lacked what they require */
function mergeEntity(
  target: ResponseObject,
  entity: ResponseObject,
  lookup: CompiledLookup,
  observer: MergeObserver,
): boolean {
  const { keys, independentKeys, representation } = lookup;
  const complete = independentKeys === undefined || representation.isComplete(target);
  mergeFields(target, entity, complete ? keys : independentKeys, observer);
  return complete;
}

function mergeFields(
  target: ResponseObject,
  from: ResponseObject,
  keys: readonly WrittenKey[],
  observer: MergeObserver,
): void {
  for (let i = 0; i < keys.length; i++) {
    const { key, shared } = keys[i] as WrittenKey;
    const value = from[key];
    if (value === undefined) continue;
    if (shared) mergeValue(target, key, value, observer);
    else target[key] = value;
  }
}

/** Whether an entity says that it has another type; it says nothing where that was not asked for. */
function isOfOther({ __typename: own }: ResponseObject, asked: unknown): boolean {
  return own !== undefined && own !== asked;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}
