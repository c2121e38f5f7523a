import type { Source, SourceRequest, SubscriptionSink } from '../../src/sources/source.ts';

/** The upstream of a source in a test: it delivers what the test says. */
export interface TestUpstream {
  /** How many subscriptions the upstream has now. */
  readonly open: number;
  event(text: string): void;
  end(): void;
  interrupt(): void;
}

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

const request: SourceRequest = {
  body: '{"query":"subscription { ticks }"}',
  operationType: 'subscription',
  client: { requestId: 'test', headers: {} },
};

/** Resolves when all that is due has happened. */
const settle = () => new Promise(setImmediate);

/**
 * Checks a source against the contract of `Source.subscribe`, and returns what it breaks.
 * @param open starts a source and its upstream; called once for each check
 */
export async function contractBreaches(
  open: () => { readonly subscribe: Subscribe; readonly upstream: TestUpstream },
): Promise<string[]> {
  const breaches: string[] = [];
  const expectEqual = (what: string, actual: unknown, expected: unknown) => {
    if (JSON.stringify(actual) !== JSON.stringify(expected))
      breaches.push(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
  };
  for (const [end, shown] of [
    ['end', 'complete'],
    ['interrupt', 'SUBREQUEST_HTTP_ERROR'],
  ] as const) {
    const { subscribe, upstream } = open();
    const sink = new RecordingSink();
    subscribe(request, sink);
    for (const text of ['1', '2']) upstream.event(text);
    upstream[end]();
    upstream.end();
    await settle();
    expectEqual(`events, then ${end}`, sink.received, ['1', '2', shown]);
    breaches.push(...sink.breaches);
  }
  {
    const { subscribe, upstream } = open();
    const sink = new RecordingSink(true);
    subscribe(request, sink);
    for (const text of ['1', '2']) upstream.event(text);
    upstream.end();
    await settle();
    expectEqual('back-pressure', sink.received, ['1']);
    sink.ready();
    await settle();
    sink.ready();
    await settle();
    expectEqual('after back-pressure', sink.received, ['1', '2', 'complete']);
    breaches.push(...sink.breaches);
  }
  {
    const { subscribe, upstream } = open();
    const [first, second] = [new RecordingSink(), new RecordingSink()];
    const cancels = [subscribe(request, first), subscribe(request, second)];
    first.cancelled();
    cancels[0]?.();
    cancels[0]?.();
    upstream.event('1');
    await settle();
    expectEqual('the one who stays', second.received, ['1']);
    second.cancelled();
    cancels[1]?.();
    upstream.event('2');
    await settle();
    expectEqual('upstream subscriptions after the last one left', upstream.open, 0);
    breaches.push(...first.breaches, ...second.breaches);
  }
  return breaches;
}
