import type { CompiledRequest } from './compile.ts';
import type { SharedReads } from './shared-reads.ts';

/**
 * Holds responses for deferred fragments until the requests for what comes before have been answered, as far as both read the same fields.
 * So the result is the same in whichever order subgraphs respond: what comes before is null where its own requests could not fetch it.
 */
export class EarlyResponses {
  private readonly shared: SharedReads;
  private readonly done: Set<number>;
  private held: (() => void)[] = [];

  /** @param done ids of requests that this execution does not send */
  constructor(shared: SharedReads, done: Iterable<number> = []) {
    this.shared = shared;
    this.done = new Set(done);
  }

  /**
   * Returns whether a response is held.
   * @param again called when it may not have to be held any more
   */
  hold({ planned }: CompiledRequest, again: () => void): boolean {
    const read = this.shared.get(planned.id);
    if (read === undefined || read.ids.every((id) => this.done.has(id))) return false;
    this.held.push(again);
    return true;
  }

  /** Records that a request is done. */
  record({ planned }: CompiledRequest): void {
    this.done.add(planned.id);
    const { held } = this;
    this.held = [];
    for (const again of held) again();
  }
}
