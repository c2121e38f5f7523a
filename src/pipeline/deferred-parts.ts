import type { ClientDocument } from './documents.ts';
import type { EngineRequest } from './engine.ts';
import type { PreparationOptions } from './prepared-operation.ts';

/** What of an operation is delivered on its own. */
export type DeferredParts = Pick<PreparationOptions, 'deferGroups' | 'streamed' | 'incremental'>;

/** Returns what of an operation is delivered on its own; `undefined` for nothing. */
export function deferredParts(
  { deferGroups, incremental }: EngineRequest,
  { isIncremental }: ClientDocument,
  streamed: boolean,
): DeferredParts | undefined {
  if (deferGroups !== undefined) return { deferGroups, streamed };
  return streamed && incremental && isIncremental ? { incremental } : undefined;
}
