import { Client, type Dispatcher, Pool } from 'undici';

/** One request of a client, by the clock of `performance.now()`. */
export interface Sample {
  readonly start: number;
  readonly ms: number;
  /** `undefined`: the response is complete and has no errors. */
  readonly error: string | undefined;
}

export interface SteadyLoad {
  readonly samples: readonly Sample[];
  /** Resolves with all samples when the last request has ended. */
  stop(): Promise<readonly Sample[]>;
}

const TICK_MS = 5;

/**
 * Sends requests at a steady rate, however long the responses take: clients do not wait for each other. No two requests are equal,
 * so that they do not share calls.
 * @param query has the variable `$n`
 */
export function startLoad(url: string, query: string, perSecond: number): SteadyLoad {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: 2_000, pipelining: 1 });
  const samples: Sample[] = [];
  const running = new Set<Promise<void>>();
  const begin = performance.now();
  let sent = 0;
  const send = async () => {
    const start = performance.now();
    const error = await ask(pool, pathname, JSON.stringify({ query, variables: { n: sent++ } }));
    samples.push({ start, ms: performance.now() - start, error });
  };
  const timer = setInterval(() => {
    const due = ((performance.now() - begin) * perSecond) / 1_000;
    while (sent < due) {
      const request = send().finally(() => running.delete(request));
      running.add(request);
    }
  }, TICK_MS);
  return {
    samples,
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
      await pool.close();
      return samples;
    },
  };
}

/**
 * Starts clients that send one request after another, each on a connection that it keeps while the gateway does, until the gateway
 * refuses it, or they are stopped. So no connection is idle: a client that uses an idle one may always find it closed.
 */
export function startBusyClients(url: string, query: string, clients: number): Pick<SteadyLoad, 'samples' | 'stop'> {
  const { origin, pathname } = new URL(url);
  const samples: Sample[] = [];
  let isStopped = false;
  const running = Array.from({ length: clients }, async (_, client) => {
    const connection = new Client(origin, { pipelining: 1 });
    for (let at = 0, error: string | undefined; error !== 'ECONNREFUSED' && !isStopped; at++) {
      const start = performance.now();
      error = await ask(connection, pathname, JSON.stringify({ query, variables: { n: at * clients + client } }));
      samples.push({ start, ms: performance.now() - start, error });
    }
    await connection.close();
  });
  return {
    samples,
    async stop() {
      isStopped = true;
      await Promise.all(running);
      return samples;
    },
  };
}

async function ask(dispatcher: Dispatcher, path: string, body: string): Promise<string | undefined> {
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await dispatcher.request({ path, method: 'POST', headers, body });
    const text = await response.body.text();
    const { errors } = JSON.parse(text) as { errors?: { extensions?: { code?: string } }[] };
    if (errors) return errors[0]?.extensions?.code ?? 'error';
    return response.statusCode === 200 ? undefined : `status ${response.statusCode}`;
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}

/** Returns the percentile of the times of requests, by the nearest rank, in milliseconds. */
export function percentile(samples: readonly Sample[], share: number): number {
  const sorted = samples.map(({ ms }) => ms).sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Returns how many requests there were, how many failed, and how often each error occurred. */
export function failuresOf(samples: readonly Sample[]) {
  const errors: Record<string, number> = {};
  for (const { error } of samples) if (error !== undefined) errors[error] = (errors[error] ?? 0) + 1;
  return { sent: samples.length, failed: Object.values(errors).reduce((sum, one) => sum + one, 0), errors };
}
