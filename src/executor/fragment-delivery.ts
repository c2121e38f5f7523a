import type { GraphQLFormattedError } from 'graphql';
import type { DeferredFragment } from '../operation/deferred-fragments.ts';
import type { CompiledFragments } from './compiled-fragments.ts';
import type { DeferProgress } from './defer-progress.ts';
import { writePlace } from './deferred-places.ts';
import { type ResponsePath, withViolations } from './errors.ts';
import { FragmentErrors } from './fragment-errors.ts';
import { type FragmentPlace, FragmentPlaces } from './fragment-places.ts';
import { writeEscapeFree } from './json-text.ts';
import { observeMissing } from './observe-missing.ts';
import { type FragmentPart, Payload, type PendingFragment } from './payload.ts';
import type { PayloadStream } from './payload-stream.ts';
import type { StreamedExecution } from './stream-delivery.ts';
import { type Violation, WriteContext } from './write-context.ts';

/** A deferred fragment of one object. */
interface Instance {
  readonly fragment: DeferredFragment;
  readonly pending: PendingFragment;
  /** The places with fields of it that are known so far. */
  readonly places: FragmentPlace[];
  state: 'hidden' | 'announced' | 'complete' | 'failed';
}

/** The text of the fields of one place. */
interface Piece {
  readonly place: FragmentPlace;
  readonly text: string;
  readonly violations: readonly Violation[];
}

/** The error of a fragment that failed because of an error that another fragment or object has reported. */
const FAILED_ELSEWHERE = {
  message:
    'The deferred fragment is missing, because a field that must not be null failed with an error at another place.',
  extensions: { code: 'DEFERRED_FRAGMENT_FAILED' },
};

/**
 * Writes the payloads of an execution with deferred fragments as soon as what they need is there: the first one without them, and
 * then one or more for each fragment in each object. Null propagates up to the object of a fragment at most: then the fragment
 * fails as a whole.
 * @see https://github.com/graphql/defer-stream-wg/blob/main/README.md
 */
export class FragmentDelivery {
  private readonly execution: StreamedExecution;
  private readonly fragments: CompiledFragments;
  private readonly progress: DeferProgress;
  private readonly stream: PayloadStream;
  private readonly onFirst: () => void;
  private readonly nulled = new Set<unknown>();
  private readonly places: FragmentPlaces;
  private readonly errors: FragmentErrors;
  private readonly instances = new Map<string, Instance>();
  private readonly open = new Set<Instance>();
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
    this.places = new FragmentPlaces(fragments, this.nulled);
    this.errors = new FragmentErrors(() => execution.report.byRequest, this.places, execution.data);
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
      for (const instance of this.open) {
        if (!this.isReady(instance)) continue;
        this.deliver(instance);
        wrote = true;
      }
    }
    return this.open.size === 0;
  }

  /** Fails the fragments that are not complete. */
  expire(error: GraphQLFormattedError): void {
    for (const instance of this.open) {
      if (instance.state !== 'announced') continue;
      const { path } = instance.pending;
      this.fail(instance, [{ ...error, path }]);
    }
  }

  private writeFirst(): void {
    const { compiled, data, input } = this.execution;
    const { text, violations } = this.write((context) => compiled.projection.write(data, context));
    const errors = withViolations(this.errors.takeRest(), violations);
    const first = new Payload(text, errors, undefined);
    this.register(this.places.inRest(data));
    first.announced = this.announce();
    observeMissing(input.responseObserver, violations, input.client);
    this.stream.write(first);
    this.onFirst();
  }

  private write(run: (context: WriteContext) => string): { text: string; violations: readonly Violation[] } {
    const { input, nullReasonsIfAny: nullReasons, escapeFree } = this.execution;
    const context = new WriteContext({ introspected: input.introspected, nullReasons, nulled: this.nulled });
    const text = writeEscapeFree(escapeFree, () => run(context));
    return { text, violations: context.violations };
  }

  /** Adds places to the instances of their fragments. */
  private register(places: readonly FragmentPlace[]): void {
    for (const place of places)
      for (const fragment of this.fragments.of(place.set)) this.instanceAt(fragment, place.path).places.push(place);
  }

  private instanceAt(fragment: DeferredFragment, path: ResponsePath): Instance {
    const at = objectPath(path, fragment.depth);
    const key = `${fragment.id} ${at.join()}`;
    const known = this.instances.get(key);
    if (known) return known;
    const pending = { id: String(this.instances.size), label: fragment.label, path: at };
    const made: Instance = { fragment, pending, places: [], state: 'hidden' };
    this.instances.set(key, made);
    this.open.add(made);
    return made;
  }

  /** Returns the instance of the nearest fragment around one that has fields of its own. */
  private parentOf({ fragment, pending: { path } }: Instance): Instance | undefined {
    for (let { parent } = fragment; parent !== undefined; { parent } = parent) {
      const found = this.instances.get(`${parent.id} ${objectPath(path, parent.depth).join()}`);
      if (found) return found;
    }
    return undefined;
  }

  /** Announces the instances whose parents are complete, and drops those whose parents have failed. */
  private announce(): readonly PendingFragment[] {
    const announced: PendingFragment[] = [];
    for (const instance of this.open) {
      if (instance.state !== 'hidden') continue;
      const parent = this.parentOf(instance);
      if (parent?.state === 'failed') {
        instance.state = 'failed';
        this.open.delete(instance);
      } else if (parent === undefined || parent.state === 'complete') {
        instance.state = 'announced';
        announced.push(instance.pending);
      }
    }
    return announced;
  }

  private isReady({ state, fragment, places }: Instance): boolean {
    if (state !== 'announced') return false;
    const isDone = (group: number) => !this.progress.isPending(group);
    return (
      this.fragments.groupsOf(fragment).every(isDone) &&
      places.every(({ set }) => this.fragments.groupsOfUnion(set).every(isDone))
    );
  }

  private deliver(instance: Instance): void {
    const pieces: Piece[] = [];
    const found: FragmentPlace[] = [];
    const isOwn = (place: FragmentPlace) =>
      this.fragments.of(place.set).includes(instance.fragment) &&
      isSamePath(objectPath(place.path, instance.fragment.depth), instance.pending.path);
    const queue = instance.places.filter((place) => !this.delivered.has(place));
    for (const place of queue) {
      const { data, nullReasonsIfAny } = this.execution;
      const { text, violations } = this.write((context) => writePlace(place, data, nullReasonsIfAny, context));
      if (text === 'null') return this.fail(instance, withViolations(this.errors.takeAt(place), violations));
      pieces.push({ place, text, violations });
      const within = this.places.within(place);
      found.push(...within);
      queue.push(...within.filter(isOwn));
    }
    for (const { place } of pieces) this.delivered.add(place);
    this.register(found);
    this.complete(instance, pieces);
  }

  private complete(instance: Instance, pieces: readonly Piece[]): void {
    this.close(instance, 'complete');
    const announced = this.announce();
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

  private fail(instance: Instance, errors: readonly GraphQLFormattedError[]): void {
    this.close(instance, 'failed');
    const announced = this.announce();
    const all = [...errors, ...this.errorsAround(instance)];
    const known = all.length > 0 ? all : [{ ...FAILED_ELSEWHERE, path: instance.pending.path }];
    this.send(instance, { kind: 'failed', isLast: true, text: 'null', errors: known }, announced);
  }

  private close(instance: Instance, state: 'complete' | 'failed'): void {
    instance.state = state;
    this.open.delete(instance);
  }

  /** Returns the errors of an instance that are in none of its fields; with the last instance, all that are left. */
  private errorsAround({ fragment, pending: { path } }: Instance): readonly GraphQLFormattedError[] {
    if (this.open.size === 0) return this.errors.takeAll();
    return this.errors.takeAround(path, this.fragments.groupsOf(fragment));
  }

  private send(
    { pending }: Instance,
    {
      kind,
      isLast,
      path = pending.path,
      text = '{}',
      errors = [],
    }: Omit<FragmentPart, 'pending'> & {
      readonly path?: ResponsePath;
      readonly text?: string;
      readonly errors?: readonly GraphQLFormattedError[];
    },
    announced: readonly PendingFragment[],
  ): void {
    const payload = new Payload(text, errors, undefined, { path, fragment: { pending, kind, isLast } });
    payload.announced = announced;
    this.stream.write(payload);
  }
}

/** Returns the path of the object that so many fields lead to, with all its indices. */
function objectPath(path: ResponsePath, fields: number): ResponsePath {
  let seen = 0;
  const end = path.findIndex((step) => typeof step === 'string' && ++seen > fields);
  return end < 0 ? path : path.slice(0, end);
}

function isSamePath(a: ResponsePath, b: ResponsePath): boolean {
  return a.length === b.length && a.every((step, i) => step === b[i]);
}
