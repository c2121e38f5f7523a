import type { DocumentNode } from 'graphql';
import type { EngineOptions } from '../pipeline/engine.ts';
import type { Excess, WarnOfExcess } from '../policy/limits/request-limits.ts';
import type { Instruments } from '../telemetry/instruments.ts';

/** `MAX_DEPTH_LIMIT` → `max_depth` */
function reasonOf(code: unknown): string {
  return String(code)
    .replace(/_LIMIT$/, '')
    .toLowerCase();
}

/**
 * Returns callbacks that count what `limits` refuse, or would refuse, and which operations were in the plan cache. A document is
 * measured once; its excesses count again for each request that sends it.
 */
export function limitObserver({
  refused,
  operationLookedUp: preparedFor,
}: Pick<Instruments, 'refused' | 'operationLookedUp'>): {
  readonly onExcess: WarnOfExcess;
  readonly onOperation: NonNullable<EngineOptions['onOperation']>;
  readonly onRefused: NonNullable<EngineOptions['onRefused']>;
} {
  const excessive = new WeakMap<DocumentNode, readonly string[]>();
  const count = (reason: string) => refused('limits', reason, 'measure');
  const reasonsOf = (excesses: readonly Excess[]) => excesses.map(({ code }) => reasonOf(code));
  return {
    onExcess(excesses, document) {
      if (document) excessive.set(document, reasonsOf(excesses));
      else reasonsOf(excesses).forEach(count);
    },
    onOperation(document, known) {
      preparedFor(known);
      excessive.get(document)?.forEach(count);
    },
    onRefused({ refusal, errors }) {
      if (refusal === 'overload') refused('traffic_shaping', 'max_response_characters');
      if (refusal !== 'limit') return;
      for (const { extensions } of errors) refused('limits', reasonOf(extensions?.code));
    },
  };
}
