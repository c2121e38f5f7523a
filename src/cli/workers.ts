import cluster, { type Worker } from 'node:cluster';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerOptions } from '../gateway/server.ts';
import type { Logger } from '../telemetry/logger.ts';
import { reportFailure } from './failure.ts';
import type { StateAnswers } from './primary-state.ts';
import { answer, ask } from './process-calls.ts';
import type { WorkerMetrics } from './worker-metrics.ts';

/** A worker that has served for this long had no trouble from its start: the next death is met without delay. */
const STEADY_MS = 10_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 30_000;
/** So many start-ups that fail in a row, with no other worker that serves, and it is given up. */
const MOST_FAILED_STARTS = 5;
/** How long a worker may take to forget kept answers. */
const PURGE_MS = 5_000;
/** How long a worker may take to read a sum; nobody waits for it. */
const ANNOUNCE_MS = 5_000;

/** What a worker tells the primary once it can answer. */
interface Ready {
  readonly url: string;
  readonly port: number;
}

function isReady(message: unknown): message is Ready {
  return typeof message === 'object' && message !== null && 'url' in message && 'port' in message;
}

/** Serves on the port that all workers share, and tells the primary; drains and exits 0 on the first SIGTERM or SIGINT. */
export async function serveAsWorker(options: ServerOptions, processes: number): Promise<void> {
  const [{ assemble }, { listenForClients }, { workerState }] = await Promise.all([
    import('../gateway/assemble.ts'),
    import('../gateway/client-listener.ts'),
    import('./worker-state.ts'),
  ]);
  const { state: sharedState, answers: stateAnswers } = workerState(processes);
  const purgeEverywhere = async (tags: readonly string[]) => (await ask(process, 'purge', tags, PURGE_MS)) ?? 0;
  const assembly = await assemble({
    ...options,
    purgeEverywhere,
    sharedState,
    warnsAboutSettings: cluster.worker?.id === 1,
  }).catch(failAtOnce);
  const listener = await listenForClients(assembly.host, options.config).catch(failAtOnce);
  let closing: Promise<void> | undefined;
  // Ctrl-C and process managers send signals to workers too, and the primary another: all of them mean the same.
  const stop = () => {
    closing ??= listener.close().then(() => assembly.close());
    closing.then(() => process.exit(0), failAtOnce);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const { metrics, purge } = assembly;
  answer(process, { snapshot: async () => (await metrics?.snapshot()) ?? [], purge, ...stateAnswers });
  process.send?.({
    url: `${listener.origin}${options.config.path_prefix ?? ''}/graphql`,
    port: listener.port,
  } satisfies Ready);
  assembly.warmUp();
}

/** The channel to the primary keeps a worker alive, so that to set the exit code would not end it. */
function failAtOnce(error: unknown): never {
  process.exit(reportFailure(error));
}

/**
 * Runs `count` workers, each this same command in a process of its own, until a signal says to stop. Prints where they
 * listen once all of them can answer. When the first cannot start for a reason that it told, exits with its code.
 */
export async function runWorkers(count: number, { config }: Pick<ServerOptions, 'config'>): Promise<void> {
  const [{ createLogger }, { checkSessions }, { primaryState }] = await Promise.all([
    import('../telemetry/logger.ts'),
    import('../gateway/check-processes.ts'),
    import('./primary-state.ts'),
  ]);
  checkSessions(config);
  const state = primaryState(config, (change) => {
    for (const worker of living()) void ask(worker, 'failuresChanged', change, ANNOUNCE_MS);
  });
  const workerPool = new WorkerPool(count, createLogger(config.telemetry.logging), state);
  if (config.telemetry.metrics.prometheus.enabled) await workerPool.openAdmin(config);
  workerPool.stopOnSignals();
  // One goes ahead, so that what is wrong with schemas or port is said once.
  await workerPool.startFirst();
  await workerPool.startOthers();
}

class WorkerPool {
  readonly #count: number;
  readonly #logger: Logger;
  /** What workers ask for that all of them share. */
  readonly #state: StateAnswers;
  /** Those that can answer, with the moment from which on they could. */
  readonly #serving = new Map<Worker, number>();
  #metrics: WorkerMetrics | undefined;
  /** Where metrics are served. */
  #metricsUrl: string | undefined;
  #ready: Ready | undefined;
  #failedStarts = 0;
  #quickDeaths = 0;
  #stopping = false;
  #unclean = false;

  constructor(count: number, logger: Logger, state: StateAnswers) {
    this.#count = count;
    this.#logger = logger;
    this.#state = state;
  }

  /** One port for all workers: theirs would not know each other. Rejects with what is wrong when it cannot be had. */
  async openAdmin(config: ServerOptions['config']): Promise<void> {
    const [{ openAdmin }, { WorkerMetrics }] = await Promise.all([
      import('../gateway/admin.ts'),
      import('./worker-metrics.ts'),
    ]);
    const metrics = new WorkerMetrics();
    const admin = await openAdmin(config, {
      metrics: () => metrics.text([...this.#serving.keys()]),
      purge: (tags) => this.#purge(tags),
    });
    this.#metrics = metrics;
    this.#metricsUrl = admin?.metricsUrl;
  }

  async #purge(tags: readonly string[]): Promise<number> {
    const purged = [...this.#serving.keys()].map((worker) => ask(worker, 'purge', tags, PURGE_MS));
    return (await Promise.all(purged)).reduce<number>((sum, count) => sum + (count ?? 0), 0);
  }

  async startFirst(): Promise<void> {
    for (;;) {
      const end = await this.#start();
      if (end === undefined || this.#stopping) return;
      if (end.signal === null && (end.code === 1 || end.code === 2)) process.exit(end.code);
      await this.#pause(end.text);
    }
  }

  async startOthers(): Promise<void> {
    if (this.#stopping) return;
    await Promise.all(Array.from({ length: this.#count - 1 }, () => this.#replace()));
    if (this.#stopping) return;
    const metrics = this.#metricsUrl === undefined ? '' : `Headgate metrics at ${this.#metricsUrl}\n`;
    process.stdout.write(`Headgate listening on ${this.#ready?.url}\n${metrics}`);
  }

  /** Lets all workers answer what they have begun, then exits 0; a second signal exits at once. */
  stopOnSignals(): void {
    const stop = (signal: NodeJS.Signals) => {
      const workers = living();
      if (this.#stopping) {
        for (const worker of workers) worker.process.kill('SIGKILL');
        process.exit(128 + constants.signals[signal]);
      }
      this.#stopping = true;
      if (workers.length === 0) process.exit(0);
      for (const worker of workers) worker.process.kill('SIGTERM');
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    cluster.on('exit', (_worker, code, signal) => {
      if (!this.#stopping) return;
      // One that was still starting knows no signals yet.
      if (code !== 0 && signal !== 'SIGTERM') this.#unclean = true;
      if (living().length === 0) process.exit(this.#unclean ? 1 : 0);
    });
  }

  /** Starts workers until one serves. */
  async #replace(): Promise<void> {
    while (!this.#stopping) {
      const end = await this.#start();
      if (end === undefined || this.#stopping) return;
      await this.#pause(end.text);
    }
  }

  /** Resolves with nothing when the worker can answer, with how it ended when it ended before. */
  #start(): Promise<End | undefined> {
    this.#choosePort();
    const worker = cluster.fork();
    return new Promise((resolve) => {
      // before it is ready: its first clients may come before that message does
      answer(worker, { ...this.#state, purge: (tags) => this.#purge(tags) });
      worker.on('message', (ready: unknown) => {
        if (!isReady(ready)) return;
        this.#ready ??= ready;
        if (ready.port !== this.#ready.port) {
          worker.process.kill('SIGKILL');
          return;
        }
        this.#failedStarts = 0;
        this.#serving.set(worker, performance.now());
        resolve(undefined);
      });
      worker.on('error', (error: Error) => {
        if (worker.process.pid !== undefined) return;
        // There is no process, so there will be no exit of one.
        this.#failedStarts++;
        resolve({ code: -1, signal: null, text: `could not be forked (${error.message})` });
      });
      worker.once('exit', (code: number, signal: string | null) => {
        const end = { code, signal, text: signal ? `was ended by ${signal}` : `ended with exit code ${code}` };
        const since = this.#serving.get(worker);
        if (since === undefined) {
          this.#failedStarts++;
          resolve(end);
        } else void this.#lost(worker, end, performance.now() - since);
      });
    });
  }

  /**
   * Workers that ask for port 0 share one port as long as one of them is alive; when all have died, it takes the number
   * to get the same again.
   */
  #choosePort(): void {
    if (this.#ready === undefined || this.#serving.size > 0) return;
    cluster.setupPrimary({ args: [...process.argv.slice(2), '--port', `${this.#ready.port}`] });
  }

  async #lost(worker: Worker, end: End, uptimeMs: number): Promise<void> {
    this.#serving.delete(worker);
    await this.#metrics?.workerEnded(worker);
    if (this.#stopping) return;
    if (uptimeMs >= STEADY_MS) this.#quickDeaths = 0;
    else this.#quickDeaths++;
    await this.#pause(end.text, worker.process.pid);
    await this.#replace();
  }

  /** Waits longer the more often it went wrong. Ends the process when it goes wrong always and nobody serves. */
  async #pause(what: string, pid?: number): Promise<void> {
    if (this.#failedStarts >= MOST_FAILED_STARTS && this.#serving.size === 0) {
      console.error(
        `error: ${this.#failedStarts} workers in a row ended before they could serve; the last ${what}. Giving up.`,
      );
      process.exit(1);
    }
    const tries = Math.max(1, this.#quickDeaths, this.#failedStarts);
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1));
    const serving = this.#serving.size;
    const message = pid === undefined ? `a worker ${what} before it could serve` : `a worker ${what}`;
    this.#logger.error({ pid, serving, delayMs }, `${message}; another takes its place`);
    await sleep(delayMs);
  }
}

/** The cluster keeps one that has ended in its list until its channel is closed, too. */
function living(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined && !worker.isDead()) as Worker[];
}

interface End {
  readonly code: number;
  readonly signal: string | null;
  /** `ended with exit code 1` */
  readonly text: string;
}
