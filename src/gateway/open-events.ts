import type { Config } from '../config/config.ts';
import { withDeadline } from '../shared/deadline.ts';
import type { BrokerObserver } from '../sources/events/broker.ts';
import type { EventBroker } from '../sources/events/event-broker.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Closers } from './closers.ts';
import type { ConnectionCertificates } from './connection-certificates.ts';
import { oncePerMinute } from './once-per-minute.ts';

/** Time that the start waits for first connections, in milliseconds. */
const FIRST_CONNECTION_MS = 1_000;

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
    };
    const log = changeLog(name, logger);
    let attempted = () => {};
    attempts.push(
      new Promise((resolve) => {
        attempted = resolve;
      }),
    );
    const onChange = (isConnected: boolean, reason: string | undefined) => {
      log(isConnected, reason);
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

/** Logs when a broker is lost, and when it is there again; each once. */
function changeLog(source: string, logger: Logger) {
  let before: boolean | undefined;
  return (isConnected: boolean, reason: string | undefined) => {
    if (before === isConnected) return;
    if (!isConnected) logger.warn({ source, reason }, 'Event source unavailable; subscriptions resume when it is back');
    else logger.info({ source }, before === undefined ? 'Event source connected' : 'Event source available again');
    before = isConnected;
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
