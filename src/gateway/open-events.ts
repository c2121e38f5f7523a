import type { Config } from '../config/config.ts';
import type { EventSourceSettings } from '../config/sections/events.ts';
import { withDeadline } from '../shared/deadline.ts';
import type { BrokerFailure, BrokerObserver } from '../sources/events/broker.ts';
import type { EventBroker } from '../sources/events/event-broker.ts';
import { addressKey, credentialsKey } from '../sources/events/event-keys.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Closers } from './closers.ts';
import type { ConnectionCertificates } from './connection-certificates.ts';
import { oncePerMinute } from './once-per-minute.ts';

/** Time that the start waits for first connections, in milliseconds. */
const FIRST_CONNECTION_MS = 1_000;

/** Most different reasons that are logged for one connection. */
const MOST_REASONS = 50;

interface EventParts {
  readonly instruments: Instruments | undefined;
  readonly logger: Logger;
  readonly certificates: ConnectionCertificates;
}

/**
 * Opens the brokers of the config. Their code is loaded only where there are any. They are closed after the last subscriptions. Also
 * resolves without a connection: the gateway starts without brokers, too.
 */
export async function openEvents(
  { events }: Pick<Config, 'events'>,
  { instruments, logger, certificates }: EventParts,
  closers: Closers,
): Promise<ReadonlyMap<string, EventBroker>> {
  const brokers = new Map<string, EventBroker>();
  if (Object.keys(events).length === 0) return brokers;
  const { openBroker } = await import('../sources/events/open-broker.ts');
  const counts = instruments?.ofEvents();
  const attempts: Promise<void>[] = [];
  for (const [name, settings] of Object.entries(events)) {
    const observer: BrokerObserver = {
      received: counts ? counts.received(name) : () => {},
      malformed: malformedLog(name, logger, () => counts?.malformed(name)),
      published: (isSent) => counts?.published(name, isSent ? 'sent' : 'failed'),
      refused: (topic, failure) => log.refused(topic, failure),
    };
    const log = sourceLog(name, settings, logger);
    let attempted = () => {};
    attempts.push(
      new Promise((resolve) => {
        attempted = resolve;
      }),
    );
    const onChange = (isConnected: boolean, reason: string | undefined) => {
      log.changed(isConnected, reason);
      attempted();
    };
    const openTls = certificates.open.bind(certificates);
    const opened = await openBroker(name, settings, observer, onChange, openTls);
    counts?.watch(name, () => opened.broker.isConnected);
    brokers.set(name, opened);
    closers.add(() => opened.broker.close());
  }
  await withDeadline(Promise.all(attempts), FIRST_CONNECTION_MS, () => {});
  return brokers;
}

/**
 * Logs when a broker is lost and when it is there again, and what it refuses. Each reason is logged once until there is a new
 * connection. The log names the key to look at.
 */
function sourceLog(source: string, settings: EventSourceSettings, logger: Logger) {
  let before: boolean | undefined;
  const reasons = new Set<string | undefined>();
  const isNew = (reason: string | undefined) => {
    if (reasons.has(reason) || reasons.size >= MOST_REASONS) return false;
    reasons.add(reason);
    return true;
  };
  const keyOf = (key: string) => `events.${source}.${key}`;
  return {
    changed(isConnected: boolean, reason: string | undefined): void {
      if (isConnected && before === true) return;
      if (isConnected || before === true) reasons.clear();
      const isFirst = before === undefined;
      before = isConnected;
      if (isConnected) {
        logger.info({ source }, isFirst ? 'Event source connected' : 'Event source available again');
      } else if (isNew(reason)) {
        const key = keyOf(reason?.includes('credentials') ? credentialsKey(settings) : addressKey(settings));
        logger.warn({ source, key, reason }, 'Event source unavailable; subscriptions resume when it is back');
      }
    },
    refused(topic: string, { reason, detail, key, isTemporary }: BrokerFailure): void {
      // a lost connection is logged above, not for each topic
      if (before !== true || (isTemporary && key === undefined) || !isNew(reason)) return;
      logger.warn(
        { source, ...(key && { key: keyOf(key) }), topic, reason, ...(detail && { detail }) },
        'Event source does not deliver or take events of a topic',
      );
    },
  };
}

function malformedLog(source: string, logger: Logger, count: () => void): BrokerObserver['malformed'] {
  let last: { readonly topic: string; readonly reason: string } | undefined;
  const log = oncePerMinute((messages) =>
    logger.warn({ source, ...last, messages }, 'Message of an event source left out: it is not what the schema says'),
  );
  return (topic, reason) => {
    last = { topic, reason };
    count();
    log();
  };
}
