import type { CompiledRequest } from './compile.ts';
import { DeferProgress } from './defer-progress.ts';
import { EarlyResponses } from './early-responses.ts';
import { Execution } from './execution.ts';
import type { StreamedInput } from './execution-input.ts';
import type { RequestError } from './fragment-errors.ts';
import { type CreateSlice, type OpenSlice, OpenSlices } from './list-slices.ts';
import type { ListSlice, SlicedObjects } from './sliced-objects.ts';

/** Returns the function that creates the slices of an execution. */
export function slicesOf(root: Execution, input: StreamedInput): CreateSlice {
  // what is known before fetching is reported once
  const ofSlices = { ...input, knownErrors: undefined };
  const create: CreateSlice = (slice, around) => new SliceExecution(root, ofSlices, slice, around, create);
  return create;
}

/**
 * Sends the requests of a plan that are for the items of one slice, and merges the responses into the tree of the whole execution. A
 * request waits for those that it depends on, for its own items and for what is around the list.
 */
class SliceExecution extends Execution implements OpenSlice {
  readonly from: number;
  readonly to: number;
  declare readonly progress: DeferProgress;
  declare readonly slices: OpenSlices;
  private readonly root: Execution;

  constructor(root: Execution, input: StreamedInput, slice: ListSlice, around: OpenSlices, create: CreateSlice) {
    super(root.compiled, input, unused, unused, slice);
    const { list, from, to } = slice;
    this.root = root;
    this.from = from;
    this.to = to;
    const { requests } = root.compiled;
    const own = requests.filter(({ planned }) => list.requests.has(planned.id));
    const others = requests.flatMap(({ planned: { id } }) => (list.requests.has(id) ? [] : [id]));
    this.progress = new DeferProgress(own, input.deferGroups);
    this.slices = new OpenSlices(this.targets as SlicedObjects, create, others, { outer: around, own: list });
    const { sharedReads } = root.compiled;
    const early = sharedReads && new EarlyResponses(sharedReads, others);
    this.streamed = root.streamed && { ...root.streamed, early };
    this.open = own.length;
    this.waiting.fill(Number.POSITIVE_INFINITY);
    for (const { planned } of own)
      this.waiting[planned.id] = planned.dependsOn.reduce((sum, id) => sum + this.slices.pending(id), 0);
  }

  override start(): void {
    const ready = this.compiled.requests.filter(({ planned }) => this.waiting[planned.id] === 0);
    for (const request of ready) this.attempt(() => this.send(request));
    // lists that came with the list itself
    this.attempt(() => this.slices.openReady());
  }

  release(request: CompiledRequest): void {
    if (this.finished) return;
    this.attempt(() => this.sendNext(request));
    this.attempt(() => this.slices.release(request));
  }

  get errors(): readonly RequestError[] {
    return this.errorReport?.byRequest ?? [];
  }

  override get nullReasons() {
    return this.root.nullReasons;
  }

  override count(length: number, hasEscapes: boolean): void {
    this.root.count(length, hasEscapes);
  }

  override fail(error: unknown): void {
    if (!this.root.finished) this.root.fail(error);
  }

  override endStream(): void {
    if (!this.root.finished) this.root.endStream();
  }

  stop(): void {
    this.finished = true;
    this.slices.stop();
    this.leave();
  }
}

const unused = () => {};
