/** In bytes. What is smaller is not counted: there are at most as many as connections. */
export const COUNTED_FROM = 65_536;

export interface ByteBudgetOptions {
  /** The most bytes that may be held at once. A single body may have more, while there is no other. */
  readonly limit: number;
  /** Called when something does not fit. */
  readonly onRefused?: (() => void) | undefined;
}

/**
 * A limit on the bytes that a process holds outside of V8's heap: bodies of requests and of subgraph responses while they arrive,
 * and responses that clients have not taken yet. Bytes that arrive cannot wait, so what does not fit is refused.
 *
 * It is not one number with the limit on the heap (memory-budget.ts): each of the two memories has its own end, V8's heap limit and
 * the memory of the container. A character of a response takes some ten bytes of the heap when it becomes objects, and one
 * byte here. Clients that do not read must not use up the heap of those that do.
 */
export class ByteBudget {
  readonly limit: number;
  readonly #onRefused: (() => void) | undefined;
  #held = 0;

  constructor({ limit, onRefused }: ByteBudgetOptions) {
    this.limit = limit;
    this.#onRefused = onRefused;
  }

  /** The bytes that are held now. */
  get held(): number {
    return this.#held;
  }

  /**
   * Starts to count one body.
   * @param isRefusable whether it may be refused; if not, it is only counted, like the result of a mutation
   */
  open(isRefusable: boolean): HeldBytes {
    return new HeldBytes(this, isRefusable);
  }

  /**
   * Returns whether there is room for so many bytes, without counting them.
   * @param own the bytes that the same body holds already
   */
  hasRoom(bytes: number, own = 0): boolean {
    if (this.#held + bytes <= this.limit || this.#held === own) return true;
    this.#onRefused?.();
    return false;
  }

  /** @internal */
  add(bytes: number): void {
    this.#held += bytes;
  }
}

/** The bytes of one body that count towards a {@link ByteBudget}. */
export class HeldBytes {
  readonly #budget: ByteBudget;
  readonly #isRefusable: boolean;
  #bytes = 0;
  #isOver = false;

  constructor(budget: ByteBudget, isRefusable: boolean) {
    this.#budget = budget;
    this.#isRefusable = isRefusable;
  }

  /** Counts more bytes. Returns false, and counts nothing, where there is no room for them, and after the release. */
  take(bytes: number): boolean {
    if (this.#isOver) return false;
    if (this.#isRefusable && !this.#budget.hasRoom(bytes, this.#bytes)) return false;
    this.#bytes += bytes;
    this.#budget.add(bytes);
    return true;
  }

  /** Counts none of them any more. */
  clear(): void {
    this.#budget.add(-this.#bytes);
    this.#bytes = 0;
  }

  /** Ends counting. May be called again. */
  release(): void {
    this.clear();
    this.#isOver = true;
  }
}
