import type { Source, SourceRequest, SubscriptionSink } from '../../src/sources/source.ts';

/** The upstream of a source in a test: it delivers what the test says. */
export interface TestUpstream {
  /** How many subscriptions the upstream has now. */
  readonly open: number;
  event(text: string): void | Promise<void>;
  /** Missing where the upstream has no last event, as a broker. */
  end?(): void;
  interrupt(): void | Promise<void>;
  /** Ends with the errors of {@link REFUSAL}. Missing where the upstream has no such end. */
  refuse?(): void | Promise<void>;
}

/** A GraphQL result without data. */
export const REFUSAL = '{"errors":[{"message":"not today"}]}';

/** A sink that records what it receives, and checks the order of the calls. */
export class RecordingSink implements SubscriptionSink {
  readonly received: string[] = [];
  /** What the source did against the contract of `Source.subscribe`. */
  readonly breaches: string[] = [];
  private hasEnded = false;
  private isCancelled = false;
  private release: (() => void) | undefined;
  private readonly isSlow: boolean;

  /** @param isSlow whether the sink is not ready after an event until {@link ready} is called */
  constructor(isSlow = false) {
    this.isSlow = isSlow;
  }

  next(text: string): void | Promise<void> {
    this.check('next');
    this.received.push(text);
    if (!this.isSlow) return;
    return new Promise((resolve) => {
      this.release = resolve;
    });
  }

  error({ code }: Parameters<SubscriptionSink['error']>[0]): void {
    this.end('error', code);
  }

  refuse(text: string): void {
    this.end('refuse', `refused: ${text}`);
  }

  complete(): void {
    this.end('complete', 'complete');
  }

  ready(): void {
    this.release?.();
    this.release = undefined;
  }

  /** To be called when the test cancels the subscription. */
  cancelled(): void {
    this.isCancelled = true;
  }

  private end(call: string, shown: string): void {
    this.check(call);
    this.hasEnded = true;
    this.received.push(shown);
  }

  private check(call: string): void {
    if (this.hasEnded) this.breaches.push(`${call} after the end`);
    if (this.isCancelled) this.breaches.push(`${call} after the subscription was cancelled`);
    if (this.release) this.breaches.push(`${call} before the sink was ready`);
  }
}

type Subscribe = NonNullable<Source['subscribe']>;

interface Opened {
  readonly subscribe: Subscribe;
  readonly upstream: TestUpstream;
}

const REQUEST: SourceRequest = {
  body: '{"query":"subscription { ticks }"}',
  operationType: 'subscription',
  client: { requestId: 'test', headers: {} },
};

/** How a source is checked whose upstream is a program of its own. */
export interface ContractOptions {
  readonly request?: SourceRequest;
  /** Returns what the sink receives for the event with a text. */
  readonly resultOf?: (text: string) => string;
  /** Resolves when all that is due has happened: soon after `isDone` returns true. */
  readonly settle?: (isDone: () => boolean) => Promise<unknown>;
}

/**
 * Checks a source against the contract of `Source.subscribe`, and returns what it breaks.
 * @param open starts a source and its upstream; called once for each check
 */
export async function contractBreaches(
  open: () => Opened | Promise<Opened>,
  { request = REQUEST, resultOf = (text) => text, settle = () => new Promise(setImmediate) }: ContractOptions = {},
): Promise<string[]> {
  const breaches: string[] = [];
  const expectEqual = (what: string, actual: unknown, expected: unknown) => {
    if (JSON.stringify(actual) !== JSON.stringify(expected))
      breaches.push(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
  };
  for (const [end, shown] of [
    ['end', 'complete'],
    ['interrupt', 'SUBREQUEST_HTTP_ERROR'],
    ['refuse', `refused: ${REFUSAL}`],
  ] as const) {
    const { subscribe, upstream } = await open();
    if (upstream[end] === undefined) continue;
    const sink = new RecordingSink();
    subscribe(request, sink);
    for (const text of ['1', '2']) await upstream.event(text);
    await settle(() => sink.received.length === 2);
    await upstream[end]();
    upstream.end?.();
    await settle(() => sink.received.length === 3);
    expectEqual(`events, then ${end}`, sink.received, [resultOf('1'), resultOf('2'), shown]);
    breaches.push(...sink.breaches);
  }
  {
    const { subscribe, upstream } = await open();
    const sink = new RecordingSink(true);
    subscribe(request, sink);
    for (const text of ['1', '2']) await upstream.event(text);
    const [last, shown] = upstream.end
      ? (['end', 'complete'] as const)
      : (['interrupt', 'SUBREQUEST_HTTP_ERROR'] as const);
    await settle(() => sink.received.length === 1);
    if (upstream.end) upstream.end();
    expectEqual('back-pressure', sink.received, [resultOf('1')]);
    sink.ready();
    await settle(() => sink.received.length === 2);
    if (last === 'interrupt') await upstream.interrupt();
    sink.ready();
    await settle(() => sink.received.length === 3);
    expectEqual('after back-pressure', sink.received, [resultOf('1'), resultOf('2'), shown]);
    breaches.push(...sink.breaches);
  }
  {
    const { subscribe, upstream } = await open();
    const [first, second] = [new RecordingSink(), new RecordingSink()];
    const cancels = [subscribe(request, first), subscribe(request, second)];
    first.cancelled();
    cancels[0]?.();
    cancels[0]?.();
    await upstream.event('1');
    await settle(() => second.received.length === 1);
    expectEqual('the one who stays', second.received, [resultOf('1')]);
    second.cancelled();
    cancels[1]?.();
    await upstream.event('2');
    await settle(() => upstream.open === 0);
    expectEqual('upstream subscriptions after the last one left', upstream.open, 0);
    breaches.push(...first.breaches, ...second.breaches);
  }
  return breaches;
}
