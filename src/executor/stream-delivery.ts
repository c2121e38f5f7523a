import type { DeferGroup, DeferGroups } from '../operation/defer-groups.ts';
import type { CompiledPlan, CompiledRequest } from './compile.ts';
import type { DeferProgress } from './defer-progress.ts';
import { type DeferredPlace, DeferredPlaces, writePlace } from './deferred-places.ts';
import type { ErrorReport } from './error-report.ts';
import { formatTimeout, withViolations } from './errors.ts';
import type { ExecutionInput } from './execution-input.ts';
import { writeEscapeFree } from './json-text.ts';
import type { OpenSlices } from './list-slices.ts';
import type { NullReasons } from './null-reasons.ts';
import type { ResponseObject } from './objects.ts';
import { observeMissing } from './observe-missing.ts';
import { Payload } from './payload.ts';
import type { PayloadStream } from './payload-stream.ts';
import { type LateGroups, type Violation, WriteContext } from './write-context.ts';

/** The parts of an execution that its payloads are written from. */
export interface StreamedExecution {
  readonly compiled: CompiledPlan;
  readonly data: ResponseObject;
  readonly escapeFree: boolean;
  readonly report: ErrorReport;
  readonly nullReasonsIfAny: NullReasons | undefined;
  readonly input: Pick<ExecutionInput, 'introspected' | 'responseObserver' | 'client' | 'variables'>;
  readonly slices: OpenSlices | undefined;
}

/**
 * Writes the payloads of an execution as soon as what they need is there: the first one without deferred fields, and
 * then each defer group that is complete or whose deadline has passed.
 */
export class StreamDelivery {
  private readonly execution: StreamedExecution;
  private readonly groups: DeferGroups;
  private readonly progress: DeferProgress;
  private readonly stream: PayloadStream;
  private hasBegun = false;
  /** Which groups need nothing more: their payloads are written, or they have no place. */
  private readonly closed: boolean[];
  /** Groups that some request was not sent for: they are late, whatever is pending. */
  private readonly late = new Set<number>();
  private readonly places: readonly DeferredPlaces[];
  /** Objects and lists in whose place null was written. */
  private readonly nulled = new Set<unknown>();
  private readonly onFirst: () => void;

  /** @param onFirst called when the first payload is written */
  constructor(
    execution: StreamedExecution,
    groups: DeferGroups,
    progress: DeferProgress,
    stream: PayloadStream,
    onFirst: () => void,
  ) {
    const { projection, plan } = execution.compiled;
    const root = { position: plan.root, selection: plan.selection };
    this.execution = execution;
    this.groups = groups;
    this.progress = progress;
    this.stream = stream;
    this.onFirst = onFirst;
    // a group without fields was skipped
    const present = new Set(plan.deferred?.values());
    this.closed = groups.list.map((_, group) => !present.has(group));
    this.places = groups.list.map((group, number) => new DeferredPlaces(projection, root, group, number));
  }

  /** Returns whether nothing needs a request any more: it is only for groups that are closed, or late already. */
  isClosed({ planned: { groups } }: CompiledRequest): boolean {
    if (groups === undefined) return false;
    const { progress, closed } = this;
    if (!groups.every((group) => closed[group] || (progress.isRestDone && progress.hasExpired(group)))) return false;
    // their requests end without a response, which does not make them complete
    for (const group of groups) this.late.add(group);
    return true;
  }

  /** Returns whether a group was written as null, because it was late. */
  wasLate(group: number): boolean {
    return this.late.has(group);
  }

  /**
   * Writes the payloads that are ready.
   * @returns whether they were the last
   */
  advance(): boolean {
    if (!this.hasBegun) {
      if (!this.progress.isRestDone) return false;
      this.hasBegun = true;
      this.writeFirst();
    }
    // a group may enclose others, which follow it
    for (let wrote = true; wrote; ) {
      wrote = false;
      for (const [number, group] of this.groups.list.entries()) {
        if (this.closed[number] || this.isWaiting(number, group)) continue;
        this.closed[number] = true;
        this.writeGroup(number, group);
        wrote = true;
      }
    }
    return this.closed.every((closed) => closed);
  }

  private isWaiting(number: number, group: DeferGroup): boolean {
    if (this.progress.isPending(number) && !this.progress.hasExpired(number)) return true;
    return this.enclosing(group).some((outer) => !this.closed[outer]);
  }

  /** Returns the numbers of the groups around a group. */
  private enclosing({ path }: DeferGroup): number[] {
    return [...this.groups.list.entries()].flatMap(([number, { path: outer }]) =>
      outer.length < path.length && outer.every((key, i) => path[i] === key) ? [number] : [],
    );
  }

  private writeFirst(): void {
    const { compiled, data, report, input, nullReasonsIfAny: nullReasons, escapeFree } = this.execution;
    const context = new WriteContext({ introspected: input.introspected, nullReasons, nulled: this.nulled });
    const text = writeEscapeFree(escapeFree, () => compiled.projection.write(data, context));
    // groups whose objects are null
    const gone = new Set<number>();
    for (const [number, group] of this.groups.list.entries()) {
      if (this.closed[number] || this.enclosing(group).length > 0 || this.placesOf(number).length > 0) continue;
      gone.add(number);
      this.closed[number] = true;
    }
    observeMissing(input.responseObserver, context.violations, input.client);
    const errors = report.ofRest(context.violations, (number) => gone.has(number));
    this.stream.write(new Payload(text, errors));
    this.onFirst();
  }

  private placesOf(number: number): readonly DeferredPlace[] {
    return this.places[number]?.find(this.execution.data, this.nulled) ?? [];
  }

  private writeGroup(number: number, group: DeferGroup): void {
    const isLate = this.progress.isPending(number) || this.late.has(number);
    const late: LateGroups | undefined = isLate ? { isLate: (one) => one === number, missed: new Set() } : undefined;
    if (isLate) {
      this.late.add(number);
      this.closeWithin(group);
    }
    let known = isLate ? [formatTimeout(group)] : this.execution.report.ofGroup(number);
    for (const place of this.placesOf(number)) {
      const { text, violations } = this.write(place, late);
      const errors = withViolations(known, violations);
      this.stream.write(new Payload(text, errors, undefined, { group, path: place.path }));
      // where there are several objects, the first payload has the errors of the group
      known = [];
    }
  }

  private write(place: DeferredPlace, late: LateGroups | undefined) {
    const { data, input, nullReasonsIfAny: nullReasons, escapeFree } = this.execution;
    const context = new WriteContext({ introspected: input.introspected, nullReasons, late, nulled: this.nulled });
    const text = writeEscapeFree(escapeFree, () => writePlace(place, data, nullReasons, context));
    observeMissing(input.responseObserver, context.violations, input.client);
    return { text, violations: context.violations as readonly Violation[] };
  }

  /** Closes the groups within a group that is late: its data is not written, so there is no place for them. */
  private closeWithin({ path }: DeferGroup): void {
    for (const [number, { path: inner }] of this.groups.list.entries())
      if (inner.length > path.length && path.every((key, i) => inner[i] === key)) this.closed[number] = true;
  }
}
