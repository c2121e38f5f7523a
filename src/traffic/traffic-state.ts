import { LRUCache } from 'lru-cache';
import type { CallSettings } from '../config/sections/subgraph-calls.ts';
import { subgraphUrlLabel } from '../shared/subgraph-url.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Bulkhead } from './bulkhead.ts';
import { CircuitBreaker, type CircuitState } from './circuit-breaker.ts';
import type { HedgeResult } from './hedge.ts';
import { LatencyWindow } from './latency-window.ts';
import type { RetryReason } from './retry.ts';
import { DEFAULT_BUDGET, RetryBudget } from './retry-budget.ts';

/** A limit for gateways whose URLs keep changing. The least recently opened one is forgotten; sources that have it keep it. */
const MOST_ENTRIES = 1_000;

/** Milliseconds between two log lines about the same budget. */
const BUDGET_LOG_MS = 10_000;

/** State of subgraphs that outlives schema changes: a new schema must not call an endpoint whose circuit is open. */
export interface TrafficState {
  budgetOf(subgraph: string, retry: CallSettings['retry']): RetryBudget;
  /** @param origin the API, for the calls of connectors */
  latenciesOf(subgraph: string, origin?: string): LatencyWindow;
  breakerOf(subgraph: string, url: string, settings: NonNullable<CallSettings['circuit_breaker']>): CircuitBreaker;
  /** Returns the circuit breakers of all endpoints. */
  circuits(): Iterable<Circuit>;
  /** @param origin the API, for the calls of connectors */
  bulkheadOf(subgraph: string, settings: NonNullable<CallSettings['concurrency']>, origin?: string): Bulkhead;
  retried(subgraph: string, reason: RetryReason, isDenied: boolean): void;
  hedged(subgraph: string, result: HedgeResult): void;
}

/** The circuit breaker of one endpoint. */
export interface Circuit {
  readonly subgraph: string;
  /** A URL without user name, password and query; an origin for connectors. */
  readonly endpoint: string;
  readonly value: CircuitBreaker;
}

export interface TrafficStateOptions {
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly instruments?: TrafficInstruments | undefined;
}

type TrafficInstruments = Pick<
  Instruments,
  'subgraphRetried' | 'subgraphHedged' | 'watchTraffic' | 'circuitChanged' | 'callWaited'
>;

interface OfEndpoint<T> {
  readonly subgraph: string;
  /** A URL without user name, password and query; an origin for connectors. */
  readonly endpoint: string;
  readonly value: T;
}

export function createTrafficState({ logger, instruments }: TrafficStateOptions): TrafficState {
  const budgets = new LRUCache<string, RetryBudget>({ max: MOST_ENTRIES });
  const latencies = new LRUCache<string, LatencyWindow>({ max: MOST_ENTRIES });
  const breakers = new LRUCache<string, OfEndpoint<CircuitBreaker>>({ max: MOST_ENTRIES });
  const bulkheads = new LRUCache<string, OfEndpoint<Bulkhead>>({ max: MOST_ENTRIES });
  const logsBudget = new LRUCache<string, true>({ max: MOST_ENTRIES, ttl: BUDGET_LOG_MS });
  instruments?.watchTraffic({
    circuits: () => valuesOf(breakers, ({ state }) => STATE_VALUES[state]),
    running: () => valuesOf(bulkheads, ({ running }) => running),
    waiting: () => valuesOf(bulkheads, ({ waiting }) => waiting),
  });
  return {
    budgetOf: (subgraph, retry) => entryOf(budgets, subgraph, () => new RetryBudget(retry?.budget ?? DEFAULT_BUDGET)),
    latenciesOf: (subgraph, origin = '') => entryOf(latencies, `${subgraph} ${origin}`, () => new LatencyWindow()),
    breakerOf(subgraph, url, settings) {
      const endpoint = subgraphUrlLabel(url);
      const log = logCircuit(logger, subgraph, endpoint);
      const onChange = (state: CircuitState, reason: string) => {
        instruments?.circuitChanged(subgraph, endpoint, state);
        log(state, reason);
      };
      const open = () => ({ subgraph, endpoint, value: new CircuitBreaker(settings, onChange) });
      return entryOf(breakers, `${subgraph} ${url}`, open).value;
    },
    circuits: () => breakers.values(),
    bulkheadOf(subgraph, settings, origin = '') {
      const onWaited = instruments && ((ms: number) => instruments.callWaited(subgraph, ms / 1_000));
      const open = () => ({ subgraph, endpoint: origin, value: new Bulkhead(settings, onWaited) });
      return entryOf(bulkheads, `${subgraph} ${origin}`, open).value;
    },
    retried(subgraph, reason, isDenied) {
      instruments?.subgraphRetried(subgraph, reason, isDenied ? 'denied' : 'sent');
      if (!isDenied || logsBudget.has(subgraph)) return;
      logsBudget.set(subgraph, true);
      logger.warn({ subgraph }, 'retry budget used up; requests are not sent again');
    },
    hedged: (subgraph, result) => instruments?.subgraphHedged(subgraph, result),
  };
}

/** Values of `headgate_subgraph_circuit_state`. */
const STATE_VALUES: Readonly<Record<CircuitState, number>> = { closed: 0, half_open: 1, open: 2 };

function entryOf<T extends object>(entries: LRUCache<string, T>, key: string, open: () => T): T {
  let entry = entries.get(key);
  if (entry === undefined) {
    entry = open();
    entries.set(key, entry);
  }
  return entry;
}

function valuesOf<T>(entries: LRUCache<string, OfEndpoint<T>>, read: (value: T) => number) {
  return [...entries.values()].map(({ subgraph, endpoint, value }) => [read(value), subgraph, endpoint] as const);
}

function logCircuit(logger: Pick<Logger, 'info' | 'warn'>, subgraph: string, url: string) {
  return (state: CircuitState, reason: string) => {
    const fields = { subgraph, url, reason };
    if (state === 'open') logger.warn(fields, 'circuit breaker open; requests are rejected');
    else if (state === 'half_open') logger.info(fields, 'circuit breaker half-open; a few requests test the subgraph');
    else logger.info(fields, 'circuit breaker closed');
  };
}
