import type { DeferGroups } from '../operation/defer-groups.ts';
import type { CompiledPlan, CompiledRequest } from './compile.ts';
import type { LateGroups } from './write-context.ts';

/** Returns whether something is deferred or streamed: then one subgraph may have several requests for parts of the same objects. */
export function isSplit({ plan, fragments }: CompiledPlan): boolean {
  return (plan.deferred ?? fragments) !== undefined;
}

/** Opens the progress of an execution; `undefined` where nothing is deferred or streamed. */
export function openProgress(compiled: CompiledPlan, groups: DeferGroups | undefined): DeferProgress | undefined {
  return groups && isSplit(compiled) ? new DeferProgress(compiled.requests, groups) : undefined;
}

/** Which parts of an execution are complete: the rest and each defer group, and whose deadlines have passed. */
export class DeferProgress {
  /** Numbers of pending requests, by group. */
  private readonly pending: number[];
  /** The number of pending requests of the rest. */
  private pendingOfRest = 0;
  private readonly expired: boolean[];
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly groups: DeferGroups;

  constructor(requests: readonly CompiledRequest[], groups: DeferGroups) {
    this.groups = groups;
    this.pending = groups.list.map(() => 0);
    this.expired = groups.list.map(() => false);
    for (const { planned } of requests) this.count(planned.groups, 1);
  }

  /**
   * Starts the timers.
   * @param onExpired called when the deadline of a group has passed
   */
  start(onExpired: () => void): void {
    const byTime = new Map<number, number[]>();
    for (const [group, { timeoutMs }] of this.groups.list.entries())
      if (this.pending[group] !== 0 && timeoutMs !== Number.POSITIVE_INFINITY)
        byTime.set(timeoutMs, [...(byTime.get(timeoutMs) ?? []), group]);
    for (const [ms, groups] of byTime) {
      const expire = () => {
        for (const group of groups) this.expired[group] = true;
        onExpired();
      };
      this.timers.push(setTimeout(expire, ms));
    }
  }

  /** Records that a request is done. */
  done({ planned: { groups } }: CompiledRequest): void {
    this.count(groups, -1);
    const { onDone } = this.groups;
    if (onDone) for (const group of groups ?? []) if (this.pending[group] === 0) onDone(group);
  }

  /** Stops the timers. Returns the groups that are late in the result. */
  stop(): LateGroups {
    for (const timer of this.timers) clearTimeout(timer);
    return { isLate: (group) => this.isPending(group), missed: new Set() };
  }

  /** Whether everything outside the groups is complete. */
  get isRestDone(): boolean {
    return this.pendingOfRest === 0;
  }

  /**
   * Whether nothing is pending that a single result waits for: everything else is complete, and each group is complete
   * or its deadline has passed. So groups have at least as long as the rest takes.
   */
  get isDue(): boolean {
    return this.isRestDone && this.pending.every((left, group) => left === 0 || this.expired[group]);
  }

  isPending(group: number): boolean {
    return this.pending[group] !== 0;
  }

  hasExpired(group: number): boolean {
    return this.expired[group] === true;
  }

  private count(groups: readonly number[] | undefined, by: number): void {
    if (groups === undefined) this.pendingOfRest += by;
    else for (const group of groups) this.pending[group] = (this.pending[group] ?? 0) + by;
  }
}
