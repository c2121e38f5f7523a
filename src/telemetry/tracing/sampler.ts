import type { Tracing } from '../../config/sections/tracing.ts';
import type { IncomingContext } from './propagation.ts';

const RANDOM_BITS = 2 ** 56;

/** Decides which traces are recorded. */
export class Sampler {
  readonly #common: Tracing['common'];
  /** Whether the name of the operation counts. */
  readonly needsName: boolean;
  readonly #random: () => number;

  constructor(common: Tracing['common'], random: () => number = Math.random) {
    this.#common = common;
    this.needsName = Object.keys(common.operation_samplers).length > 0;
    this.#random = random;
  }

  /** Returns what a trusted caller has decided; `undefined` where the sampler decides. */
  ofParent({ parent, isSampled }: IncomingContext, isTrusted: boolean): boolean | undefined {
    return isTrusted && this.#common.parent_based_sampler ? (parent?.isSampled ?? isSampled) : undefined;
  }

  /**
   * Decides by the ratio.
   * @param traceId a trace id that a trusted caller has chosen: the same decision then as in other services with this ratio. Others are
   *   not used, because a client could choose one that is always recorded
   */
  decide(traceId: string | undefined, operationName?: string): boolean {
    const { sampler, operation_samplers: byName } = this.#common;
    const ratio = operationName !== undefined && Object.hasOwn(byName, operationName) ? byName[operationName] : sampler;
    if (ratio === undefined || ratio === 1) return ratio === 1;
    if (ratio === 0) return false;
    if (traceId === undefined) return this.#random() < ratio;
    // the last 56 bits of an id are random: https://www.w3.org/TR/trace-context-2/#randomness-of-trace-id
    return Number.parseInt(traceId.slice(18), 16) >= (1 - ratio) * RANDOM_BITS;
  }
}
