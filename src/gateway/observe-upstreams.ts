import type { UpstreamSettings } from '../pipeline/upstream-events.ts';
import type { SourceFailure } from '../sources/source.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { SubscriptionInstruments } from '../telemetry/subscription-instruments.ts';
import { oncePerMinute } from './once-per-minute.ts';

/** Returns a function that counts subscriptions at subgraphs that fail, and logs them: at once, then once a minute for each subgraph. */
export function observeUpstreams(
  logger: Logger,
  count: SubscriptionInstruments['upstreamFailed'] | undefined,
): NonNullable<UpstreamSettings['onFailed']> {
  const logs = new Map<string, (failure: SourceFailure) => void>();
  return (subgraph, failure) => {
    // the log of plugins has it
    if (failure.isOfPlugin) return;
    count?.(subgraph, failure.code);
    let log = logs.get(subgraph);
    if (log === undefined) {
      log = failureLog(logger, subgraph);
      logs.set(subgraph, log);
    }
    log(failure);
  };
}

function failureLog(logger: Logger, subgraph: string): (failure: SourceFailure) => void {
  let last: Pick<SourceFailure, 'code' | 'reason' | 'status'> | undefined;
  const log = oncePerMinute((subscriptions) =>
    logger.warn({ subgraph, ...last, subscriptions }, 'subgraph subscriptions failing'),
  );
  return ({ code, reason, status }) => {
    last = { code, reason, ...(status !== undefined && { status }) };
    log();
  };
}
