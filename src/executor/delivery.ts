import type { GraphQLFormattedError } from 'graphql';
import type { DeferGroups } from '../operation/defer-groups.ts';
import type { CompiledRequest } from './compile.ts';
import type { DeferProgress } from './defer-progress.ts';
import type { EarlyResponses } from './early-responses.ts';
import { FragmentDelivery } from './fragment-delivery.ts';
import type { PayloadStream } from './payload-stream.ts';
import { StreamDelivery, type StreamedExecution } from './stream-delivery.ts';

/** Writes the payloads of a stream. */
export interface Delivery {
  /** Returns whether no payload needs a request any more. */
  isClosed(request: CompiledRequest): boolean;
  /** Writes the payloads that are ready. Returns whether they were the last. */
  advance(): boolean;
  /** Returns whether the deadline of a group has passed. */
  wasLate?(group: number): boolean;
  /** Writes that what is not complete has failed. */
  expire?(error: GraphQLFormattedError): void;
}

/** What the responses of a result in parts go to. */
export interface OpenedStream {
  readonly stream: PayloadStream;
  readonly delivery: Delivery;
  /** Set where deferred fragments and the rest read the same fields. */
  readonly early: EarlyResponses | undefined;
}

/** Opens the delivery of deferred fragments, or of the sections of an endpoint. */
export function openDelivery(
  execution: StreamedExecution,
  groups: DeferGroups,
  progress: DeferProgress,
  stream: PayloadStream,
  onFirst: () => void,
): Delivery {
  const { fragments } = execution.compiled;
  return fragments
    ? new FragmentDelivery(execution, fragments, progress, stream, onFirst)
    : new StreamDelivery(execution, groups, progress, stream, onFirst);
}
