import type { GraphQLFormattedError } from 'graphql';
import type { CompiledFragments } from './compiled-fragments.ts';
import type { DeferProgress } from './defer-progress.ts';
import { writePlace } from './deferred-places.ts';
import {
  type DeliveredPart,
  FAILED_ELSEWHERE,
  type FragmentInstance,
  isSamePath,
  LIST_FAILED_ELSEWHERE,
  type ListInstance,
  objectPath,
  readySlice,
} from './delivered-parts.ts';
import { type ResponsePath, withViolations } from './errors.ts';
import { FragmentErrors } from './fragment-errors.ts';
import { type FoundPlaces, type FragmentPlace, FragmentPlaces, type ItemsPlace, type Run } from './fragment-places.ts';
import { writeItems } from './item-writer.ts';
import { writeEscapeFree } from './json-text.ts';
import type { OpenSlice } from './list-slices.ts';
import { observeMissing } from './observe-missing.ts';
import { PartRegistry } from './part-registry.ts';
import { type FragmentPart, Payload, type PendingFragment } from './payload.ts';
import type { PayloadStream } from './payload-stream.ts';
import type { StreamedExecution } from './stream-delivery.ts';
import type { InitialCounts } from './streamed-lists.ts';
import { type Violation, WriteContext } from './write-context.ts';

/** The text of the fields of one place. */
interface Piece {
  readonly place: FragmentPlace;
  readonly text: string;
  readonly violations: readonly Violation[];
}

/** What a payload has. */
interface PartContent extends Omit<FragmentPart, 'pending'> {
  readonly path?: ResponsePath;
  readonly text?: string;
  readonly errors?: readonly GraphQLFormattedError[];
}

/**
 * Writes the payloads of an execution with deferred fragments and streamed lists as soon as what they need is there: the first one
 * without them, then one or more for each fragment in each object, and for each list. Null propagates up to the object of a fragment
 * at most: then the fragment fails as a whole. It ends a list before the item in which it is.
 * @see https://github.com/graphql/defer-stream-wg/blob/main/README.md
 */
export class FragmentDelivery {
  private readonly execution: StreamedExecution;
  private readonly fragments: CompiledFragments;
  private readonly progress: DeferProgress;
  private readonly stream: PayloadStream;
  private readonly onFirst: () => void;
  private readonly firstItems: InitialCounts | undefined;
  private readonly nulled = new Set<unknown>();
  private readonly places: FragmentPlaces;
  private readonly errors: FragmentErrors;
  private readonly parts: PartRegistry;
  private readonly delivered = new Set<FragmentPlace>();
  private hasBegun = false;

  /** @param onFirst called when the first payload is written */
  constructor(
    execution: StreamedExecution,
    fragments: CompiledFragments,
    progress: DeferProgress,
    stream: PayloadStream,
    onFirst: () => void,
  ) {
    this.execution = execution;
    this.fragments = fragments;
    this.progress = progress;
    this.stream = stream;
    this.onFirst = onFirst;
    this.firstItems = fragments.lists?.counts(execution.input.variables);
    this.places = new FragmentPlaces(fragments, this.nulled, this.firstItems);
    const errors = () => [...execution.report.byRequest, ...(execution.slices?.errors ?? [])];
    this.errors = new FragmentErrors(errors, this.places, execution.data);
    this.parts = new PartRegistry(fragments, this.firstItems);
  }

  /** Every request may be needed until the last payload is written. */
  isClosed(): boolean {
    return false;
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
    for (let wrote = true; wrote; ) {
      wrote = false;
      for (const part of this.parts.open) if (this.deliverIfReady(part)) wrote = true;
    }
    return this.parts.open.size === 0;
  }

  private deliverIfReady(part: DeliveredPart): boolean {
    if (part.kind === 'list') {
      const slice = readySlice(part, this.fragments);
      if (slice === undefined) return false;
      this.deliverItems(part, slice);
      return true;
    }
    return this.isReady(part) && this.deliver(part);
  }

  /** Fails what is not complete. */
  expire(error: GraphQLFormattedError): void {
    for (const part of this.parts.open) {
      if (part.state !== 'announced') continue;
      const { path } = part.pending;
      this.fail(part, [{ ...error, path }]);
    }
  }

  private writeFirst(): void {
    const { execution, progress } = this;
    const { compiled, data, input } = execution;
    const { text, violations } = this.write((context) => compiled.projection.write(data, context));
    const errors = withViolations(this.errors.takeRest(), violations);
    const first = new Payload(text, errors, undefined);
    const run: Run = {
      progress,
      // they are opened when the lists are there
      get slices() {
        return execution.slices;
      },
    };
    this.parts.add(this.places.inRest(data, run));
    first.announced = this.parts.announce();
    observeMissing(input.responseObserver, violations, input.client);
    this.stream.write(first);
    this.onFirst();
  }

  private write<T>(run: (context: WriteContext) => T): { text: T; violations: readonly Violation[] } {
    const { input, nullReasonsIfAny: nullReasons, escapeFree } = this.execution;
    const { nulled, firstItems } = this;
    const context = new WriteContext({ introspected: input.introspected, nullReasons, nulled, firstItems });
    const text = writeEscapeFree(escapeFree, () => run(context));
    return { text, violations: context.violations };
  }

  private isReady({ state, copies, places, run: { progress } }: FragmentInstance): boolean {
    if (state !== 'announced') return false;
    const own = this.fragments.groupsOf(copies);
    return !own.some((group) => progress.isPending(group)) && places.every((place) => this.isFetched(place));
  }

  /** Returns whether the fields of a place are there, apart from what is for its own fragments. */
  private isFetched({ set, run: { progress } }: FragmentPlace): boolean {
    return !this.fragments.sourcesOf(set).some((group) => progress.isPending(group));
  }

  /** Delivers or fails a fragment. Returns false where a place within its fields has to be waited for. */
  private deliver(instance: FragmentInstance): boolean {
    const pieces: Piece[] = [];
    const found: FoundPlaces[] = [];
    const queue = instance.places.filter((place) => !this.delivered.has(place));
    for (const place of queue) {
      if (!this.isFetched(place)) return false;
      const { data, nullReasonsIfAny } = this.execution;
      const { text, violations } = this.write((context) => writePlace(place, data, nullReasonsIfAny, context));
      if (text === 'null') {
        this.fail(instance, withViolations(this.errors.takeAt(place), violations));
        return true;
      }
      pieces.push({ place, text, violations });
      const within = this.places.within(place);
      found.push(within);
      queue.push(...within.places.filter((one) => this.isOf(instance, one)));
    }
    for (const { place } of pieces) this.delivered.add(place);
    for (const one of found) this.parts.add(one);
    this.complete(instance, pieces);
    return true;
  }

  private isOf({ copies, pending }: FragmentInstance, { set, path }: FragmentPlace): boolean {
    const fragments = this.fragments.of(set);
    return fragments.some((one) => copies.has(one) && isSamePath(objectPath(path, one.depth), pending.path));
  }

  private complete(instance: FragmentInstance, pieces: readonly Piece[]): void {
    this.parts.close(instance, 'complete');
    const announced = this.parts.announce();
    if (pieces.length === 0) this.send(instance, { kind: 'none', isLast: true }, announced);
    for (const [i, { place, text, violations }] of pieces.entries()) {
      const isLast = i === pieces.length - 1;
      const errors = withViolations(this.errors.takeAt(place), violations);
      const around = isLast ? this.errorsAround(instance) : [];
      const piece = { kind: 'data', isLast, path: place.path, text, errors: [...errors, ...around] } as const;
      this.send(instance, piece, isLast ? announced : []);
      observeMissing(this.execution.input.responseObserver, violations, this.execution.input.client);
    }
  }

  /** Delivers the items of a list that are in a slice. */
  private deliverItems(instance: ListInstance, slice: OpenSlice): void {
    const { place, next: from } = instance;
    const { data, nullReasonsIfAny, input } = this.execution;
    const end = Math.min(slice.to, place.items.length);
    const { text: items, violations } = this.write((context) =>
      writeItems({ place, from, to: end }, data, nullReasonsIfAny, context),
    );
    observeMissing(input.responseObserver, violations, input.client);
    const to = from + items.length;
    const { length } = place.path;
    const errorsOf = (range: ItemsPlace) => {
      const own = violations.filter(
        ({ path }) => (path[length] as number) >= range.from && (path[length] as number) < range.to,
      );
      return withViolations(this.errors.takeAt(range), own);
    };
    instance.next = to;
    if (to > from) {
      const errors = errorsOf({ place, from, to });
      const isLast = to === place.items.length;
      if (isLast) this.parts.close(instance, 'complete');
      this.parts.add(this.places.inItems({ place, from, to }, slice));
      const announced = this.parts.announce();
      const around = isLast ? this.errorsAround(instance) : [];
      const text = `[${items.join()}]`;
      this.send(instance, { kind: 'items', isLast, index: from, text, errors: [...errors, ...around] }, announced);
    }
    if (to < end) this.fail(instance, errorsOf({ place, from: to, to: to + 1 }));
  }

  private fail(part: DeliveredPart, errors: readonly GraphQLFormattedError[]): void {
    this.parts.close(part, 'failed');
    const announced = this.parts.announce();
    const { path } = part.pending;
    const all = [...errors, ...this.errorsAround(part)];
    const isList = part.kind === 'list';
    const elsewhere = isList ? { ...LIST_FAILED_ELSEWHERE, path: [...path, part.next] } : { ...FAILED_ELSEWHERE, path };
    const index = isList ? part.next : undefined;
    const known = all.length > 0 ? all : [elsewhere];
    this.send(part, { kind: 'failed', isLast: true, index, text: 'null', errors: known }, announced);
  }

  /** Returns the errors of a part that are in none of its fields; with the last part, all that are left. */
  private errorsAround(part: DeliveredPart): readonly GraphQLFormattedError[] {
    if (this.parts.open.size === 0) return this.errors.takeAll();
    if (part.kind === 'list') return [];
    return this.errors.takeAround(part.pending.path, this.fragments.groupsOf(part.copies));
  }

  private send(
    { pending }: DeliveredPart,
    { kind, isLast, index, path = pending.path, text = '{}', errors = [] }: PartContent,
    announced: readonly PendingFragment[],
  ): void {
    const payload = new Payload(text, errors, undefined, { path, fragment: { pending, kind, isLast, index } });
    payload.announced = announced;
    this.stream.write(payload);
  }
}
