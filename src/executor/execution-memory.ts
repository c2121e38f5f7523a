import { OverloadedError } from '../shared/overloaded-error.ts';
import type { CancelSignal, ResponseMemory } from '../sources/source.ts';
import type { CompiledPlan } from './compile.ts';
import type { ExecutionInput } from './execution-input.ts';
import type { MemoryBudget, Reservation } from './memory-budget.ts';

/** The execution that the memory is for. */
interface MemoryOwner {
  /** Ends the execution; returns false where it continues without the response. */
  refuse(error: OverloadedError): boolean;
}

/** Opens the memory of an execution; `undefined` for one that never waits: the result of a mutation is reported in any case. */
export function openMemory(
  { plan }: CompiledPlan,
  { budget, client }: Pick<ExecutionInput, 'budget' | 'client'>,
  owner: MemoryOwner,
): ExecutionMemory | undefined {
  return budget && plan.operation.kind !== 'mutation' ? new ExecutionMemory(budget, client.signal, owner) : undefined;
}

/** The memory that the responses of one execution take, whether the executor reads them or a source in this process. */
export class ExecutionMemory implements ResponseMemory {
  private readonly budget: MemoryBudget;
  private readonly signal: CancelSignal | undefined;
  private readonly owner: MemoryOwner;
  /** Created with the first long response. */
  private reservation: Reservation | undefined;

  constructor(budget: MemoryBudget, signal: CancelSignal | undefined, owner: MemoryOwner) {
    this.budget = budget;
    this.signal = signal;
    this.owner = owner;
  }

  /** Returns whether a text may be processed now; if not, it has to {@link wait}. Throws `OverloadedError`. */
  mayTake(size: number): boolean {
    this.reservation ??= this.budget.reserve(this.signal);
    return this.reservation.take(size);
  }

  /** Returns whether a text has to wait; calls `step` then when it is its turn. Throws `OverloadedError`. */
  waitsFor(size: number, step: (disconnected: boolean) => void): boolean {
    if (this.mayTake(size)) return false;
    this.wait(size, step);
    return true;
  }

  /** Calls `step` when it is the turn of a text. Throws `OverloadedError`. */
  wait(size: number, step: (disconnected: boolean) => void): void {
    this.reservation?.wait(size, step);
  }

  take(size: number, proceed: (isOver: boolean) => void): void {
    try {
      if (this.mayTake(size)) proceed(false);
      else this.wait(size, proceed);
    } catch (error) {
      if (!(error instanceof OverloadedError) || !this.owner.refuse(error)) throw error;
      proceed(true);
    }
  }

  leave(): void {
    this.reservation?.leave();
  }
}
