import cluster, { type Worker } from 'node:cluster';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CanaryEnd } from '../composition/supergraph-provider.ts';
import { adminListen } from '../config/sections/admin.ts';
import { hasMetrics } from '../config/sections/metrics.ts';
import { stopLimit } from '../config/sections/shutdown.ts';
import { type AdminCommand, type AdminReplies, type AdminReply, NO_CANARY } from '../gateway/admin-commands.ts';
import type { ServerOptions } from '../gateway/server.ts';
import type { Logger } from '../telemetry/logger.ts';
import { EndpointActions } from './endpoint-actions.ts';
import { Heartbeats, isHeartbeat } from './heartbeats.ts';
import { livingWorkers, relayToOthers } from './living-workers.ts';
import type { PrimarySchema } from './primary-schema.ts';
import { type CallHandlers, callPeer, handleCalls } from './process-calls.ts';
import { ADMIN_MS, isReady, PURGE_MS, type Ready } from './serve-as-worker.ts';
import type { WorkerMetrics, WorkersByState } from './worker-metrics.ts';

/** A worker that has served this long counts as stable: when it ends, it is replaced without a delay. */
const STEADY_MS = 10_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 30_000;
/** After this many failed starts in a row, with no worker serving, the primary gives up. */
const MOST_FAILED_STARTS = 5;
const APPLIED: AdminReply = { kind: 'applied' };

export interface WorkerPoolParts {
  readonly config: ServerOptions['config'];
  readonly logger: Logger;
  readonly schema: PrimarySchema;
  /** The handlers of the state that workers share. */
  readonly handlers: CallHandlers;
}

/** The workers of a primary process: starts, replaces and stops them, and sends them the commands of operators. */
export class WorkerPool {
  readonly #count: number;
  readonly #config: ServerOptions['config'];
  readonly #logger: Logger;
  readonly #schema: PrimarySchema;
  /** Loads the schema again; the workers do the rest. */
  onReload = () => {};
  /** The handlers of the schema and the state that workers share. */
  readonly #handlers: CallHandlers;
  /** Workers that serve, with the time at which they were ready. */
  readonly #serving = new Map<Worker, number>();
  readonly #heartbeats: Heartbeats<Worker>;
  /** The digest of the last supergraph that a worker could not serve. */
  readonly #refusals = new WeakMap<Worker, string>();
  #metrics: WorkerMetrics | undefined;
  /** The lines that name the URLs of the admin listener. */
  #adminUrls = '';
  readonly #endpointActions = new EndpointActions();
  #ready: Ready | undefined;
  #failedStarts = 0;
  #quickDeaths = 0;
  #stopping = false;
  #unclean = false;

  constructor(count: number, { config, logger, schema, handlers }: WorkerPoolParts) {
    this.#count = count;
    this.#config = config;
    this.#logger = logger;
    this.#schema = schema;
    this.#handlers = { ...handlers, ...schema.handlers };
    const { heartbeat_timeout: timeoutMs } = config.workers;
    this.#heartbeats = new Heartbeats({ timeoutMs, onTimeout: (worker) => this.#endHung(worker, timeoutMs) });
    this.#heartbeats.start();
  }

  /** Opens metrics and admin listener for all workers; a worker's own would show only its own. Rejects if it cannot be opened. */
  async openAdmin(config: ServerOptions['config']): Promise<void> {
    if (hasMetrics(config)) {
      const { openWorkerMetrics } = await import('./worker-metrics.ts');
      this.#metrics = await openWorkerMetrics(config, this.#logger, () => this.#workersByState());
    }
    if (adminListen(config) === undefined) return;
    const { adminUrls, openAdmin } = await import('../gateway/admin.ts');
    const actions = {
      metrics: async () => (await this.#metrics?.snapshot()) ?? [],
      purge: (tags: readonly string[]) => this.#purge(tags),
      send: (command: AdminCommand) => this.#control(command),
    };
    this.#adminUrls = adminUrls(await openAdmin(config, actions, this.#logger));
  }

  #workersByState(): WorkersByState {
    const serving = [...this.#serving.keys()];
    const responsive = serving.filter((worker) => this.#heartbeats.isResponsive(worker));
    const starting = livingWorkers().filter((worker) => !this.#serving.has(worker)).length;
    return { responsive, unresponsive: serving.length - responsive.length, starting };
  }

  /**
   * Sends a command to all workers that serve. One that does not respond is not waited for, and applies it later. One that is starting
   * reloads as soon as it has started: it may have read the files already.
   */
  async #control(command: AdminCommand): Promise<AdminReplies> {
    if (command.kind === 'end_canary') return this.endCanary(command);
    const workers = [...this.#serving.keys()];
    if (command.kind === 'reload') {
      this.onReload();
      sendToOthers(workers, command);
    }
    const calls = workers.map((worker) => {
      const call = callPeer(worker, 'control', command, ADMIN_MS);
      return this.#heartbeats.isResponsive(worker) ? call : undefined;
    });
    const replies = (await Promise.all(calls)).filter((reply) => reply !== undefined);
    const isApplied = replies.some(({ kind }) => kind === 'applied');
    if (command.kind === 'endpoint' && isApplied) {
      this.#endpointActions.record(command.action);
      // a worker that has started meanwhile gets the action either with this call, or with those that it asks for
      sendToOthers(workers, command);
    }
    return { processes: workers.length, replies };
  }

  /** Ends the canary in all workers, also in those that start. */
  async endCanary({ action, reason, id }: CanaryEnd): Promise<AdminReplies> {
    const processes = this.#serving.size;
    const undo = this.#schema.endCanary({ action, reason, id });
    if (undo === undefined) return { processes, replies: [NO_CANARY] };
    const calls = livingWorkers().map((worker) => {
      const call = callPeer(worker, 'schemaChanged', { canaryEnd: { action, reason, id } }, ADMIN_MS);
      return this.#serving.has(worker) && this.#heartbeats.isResponsive(worker) ? call : undefined;
    });
    const ended = await Promise.all(calls);
    const replies = ended.flatMap((isEnded) => (isEnded === undefined ? [] : [isEnded ? APPLIED : NO_CANARY]));
    // none could build it
    if (ended.every((isEnded) => isEnded === false)) undo();
    return { processes, replies };
  }

  /** Lets workers that start later serve what the others do, if none of them can serve a supergraph. */
  #refused(worker: Worker, id: string): void {
    this.#refusals.set(worker, id);
    if ([...this.#serving.keys()].every((one) => this.#refusals.get(one) === id)) this.#schema.refused(id);
  }

  /** A worker that does not respond gets the call, too, and makes it up if it continues; nothing waits for it. */
  async #purge(tags: readonly string[]): Promise<number> {
    const purged = [...this.#serving.keys()].map((worker) => {
      const call = callPeer(worker, 'purge', tags, PURGE_MS);
      return this.#heartbeats.isResponsive(worker) ? call : 0;
    });
    return (await Promise.all(purged)).reduce<number>((sum, count) => sum + (count ?? 0), 0);
  }

  /** Ends a worker that is stopped or blocked: its connections would wait forever. Its exit is handled like any other. */
  #endHung(worker: Worker, timeoutMs: number): void {
    const fields = { pid: worker.process.pid, timeoutMs, setting: 'workers.heartbeat_timeout' };
    this.#logger.error(fields, 'a worker does not respond; ending it');
    worker.process.kill('SIGKILL');
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
    process.stdout.write(`Headgate listening on ${this.#ready?.url}\n${this.#adminUrls}`);
  }

  /** SIGHUP: reloads. SIGTERM, SIGINT: shuts all workers down gracefully, then exits 0; a second signal exits at once. */
  handleSignals(): void {
    process.on('SIGHUP', () => void this.#control({ kind: 'reload' }));
    const stop = (signal: NodeJS.Signals) => {
      const workers = livingWorkers();
      if (this.#stopping) {
        for (const worker of workers) worker.process.kill('SIGKILL');
        process.exit(128 + constants.signals[signal]);
      }
      this.#stopping = true;
      if (workers.length === 0) process.exit(0);
      // while the workers can still be asked
      void this.#metrics?.close();
      for (const worker of workers) worker.process.kill('SIGTERM');
      this.#limitStop();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    cluster.on('exit', (_worker, code, signal) => {
      if (!this.#stopping) return;
      // a worker that was still starting has no signal handlers yet
      if (code !== 0 && signal !== 'SIGTERM') this.#unclean = true;
      if (livingWorkers().length > 0) return;
      void Promise.resolve(this.#metrics?.close()).then(() => process.exit(this.#unclean ? 1 : 0));
    });
  }

  /** Ends workers that do not stop in time, so that the primary exits before its own supervisor ends it. */
  #limitStop(): void {
    const limitMs = stopLimit(this.#config);
    setTimeout(() => {
      const workers = livingWorkers();
      this.#logger.error({ workers: workers.length, limitMs }, 'workers did not stop in time; ending them');
      for (const worker of workers) worker.process.kill('SIGKILL');
    }, limitMs);
  }

  /** Starts a worker, with retries until one serves. */
  async #replace(): Promise<void> {
    while (!this.#stopping) {
      const end = await this.#start();
      if (end === undefined || this.#stopping) return;
      await this.#pause(end.text);
    }
  }

  /** Resolves with `undefined` when the worker serves, or with how it ended before that. */
  #start(): Promise<End | undefined> {
    this.#choosePort();
    const worker = cluster.fork();
    this.#heartbeats.received(worker);
    return new Promise((resolve) => {
      // first clients may come before the ready message
      handleCalls(worker, {
        ...this.#handlers,
        purge: (tags) => this.#purge(tags),
        canaryRolledBack: async ({ id, reason }) => {
          await this.endCanary({ action: 'roll_back', id, reason });
          return true;
        },
        schemaRefused: async ({ id }) => {
          this.#refused(worker, id);
          return true;
        },
        getEndpointActions: async () => this.#endpointActions.list(),
        message: relayToOthers(worker),
      });
      worker.on('message', (ready: unknown) => {
        if (isHeartbeat(ready)) this.#heartbeats.received(worker);
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
        // there is no process, so there will be no exit event
        this.#failedStarts++;
        resolve({ code: -1, signal: null, text: `could not be forked (${error.message})` });
      });
      worker.once('exit', (code: number, signal: string | null) => {
        this.#heartbeats.forget(worker);
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
   * Keeps the port. Workers with port 0 share one port as long as one of them lives; after all have ended, the number is passed to
   * the next one.
   */
  #choosePort(): void {
    if (this.#ready === undefined || this.#serving.size > 0) return;
    cluster.setupPrimary({ args: [...process.argv.slice(2), '--port', `${this.#ready.port}`] });
  }

  async #lost(worker: Worker, end: End, uptimeMs: number): Promise<void> {
    this.#serving.delete(worker);
    this.#metrics?.workerEnded(worker);
    if (this.#stopping) return;
    if (uptimeMs >= STEADY_MS) this.#quickDeaths = 0;
    else this.#quickDeaths++;
    await this.#pause(end.text, worker.process.pid);
    await this.#replace();
  }

  /** Waits, longer after each failure. Exits if workers keep failing and none serves. */
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
    this.#logger.error({ pid, serving, delayMs }, `${message}; starting a replacement`);
    await sleep(delayMs);
  }
}

interface End {
  readonly code: number;
  readonly signal: string | null;
  /** `ended with exit code 1` */
  readonly text: string;
}

/** Sends a command to all workers but some, without waiting. */
function sendToOthers(asked: readonly Worker[], command: AdminCommand): void {
  for (const worker of livingWorkers())
    if (!asked.includes(worker)) void callPeer(worker, 'control', command, ADMIN_MS);
}
