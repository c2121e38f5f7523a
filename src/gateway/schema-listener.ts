import type { SupergraphListener, SupergraphUpdate } from '../composition/supergraph-provider.ts';
import { ConfigError } from '../config/load-config.ts';
import { formatProblem } from '../config/problem.ts';
import type { Engine } from '../pipeline/engine.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import { logPathEvents } from '../telemetry/log-path-events.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type CanaryEvent, endCanary, type Gateway, type PrepareForEngine, type Swapped } from './generations.ts';
import { rewarmPlans } from './warm-up.ts';

export interface SchemaListenerParts {
  readonly gateway: Gateway;
  readonly logger: Logger;
  readonly instruments?: Instruments | undefined;
  /** Returns the endpoints that are valid for the current schema. */
  readonly endpoints: () => readonly EndpointName[];
  /** Prepares the endpoints for a new engine. */
  readonly prepare?: PrepareForEngine | undefined;
  /** How many recent operations to plan again for a new schema. */
  readonly warmedUp: number;
  /** Called after a new schema has become the current one. */
  readonly onSwap: () => void;
  /** Called when a canary has begun, and again, without an engine, when one has ended that was not promoted. */
  readonly onCanary?: ((engine: Engine | undefined) => void) | undefined;
}

interface EndpointName {
  readonly method: string;
  readonly path: string;
}

/** Follows changes of the schema, and what becomes of canaries. */
export interface SchemaListener extends SupergraphListener {
  canaryEnded(event: CanaryEvent): void;
}

/** Creates a listener that swaps the engine when the schema changes, and logs the outcome. Keeps the last good schema on errors. */
export function schemaListener(parts: SchemaListenerParts): SchemaListener {
  const { gateway, logger, instruments } = parts;
  let beforeCanary: NamesInUse | undefined;
  return {
    async update(update) {
      if (gateway.canary() === undefined) beforeCanary = namesInUse(parts);
      const good = await swapOrKeep(update, parts);
      instruments?.schemaReloaded(good);
      return good;
    },
    endCanary: (end) => endCanary(gateway, end),
    canaryEnded({ kind, others }) {
      if (kind === 'promoted' && beforeCanary) {
        announce(beforeCanary, parts);
        rewarm(others, gateway.engine, parts);
      }
      if (kind === 'rolled_back' || kind === 'replaced') parts.onCanary?.(undefined);
      if (kind !== 'replaced') instruments?.schemaReloaded(kind === 'promoted');
    },
    problems(problems) {
      const current = gateway.engine() === undefined ? 'no schema loaded yet' : 'the last good one keeps serving';
      logger.error({ problems: problems.map(formatProblem) }, `the schema has problems; ${current}`);
      instruments?.schemaReloaded(false);
    },
    pathEvent: (event, path, reason) => logPathEvents(logger, path)(event, reason),
  };
}

/** Returns whether the schema is served now; `undefined` if that is not decided yet, or if nothing has changed. */
async function swapOrKeep(update: SupergraphUpdate, parts: SchemaListenerParts): Promise<boolean | undefined> {
  const { gateway, logger } = parts;
  const before = namesInUse(parts);
  const previous = gateway.engine();
  let swapped: Swapped;
  try {
    swapped = await gateway.swap(update, parts.prepare);
  } catch (error) {
    logFailure(logger, error);
    return false;
  }
  const current = swapped === 'canary' ? () => gateway.canary()?.engine : gateway.engine;
  const engine = current();
  // closed meanwhile
  if (engine === undefined) return false;
  if (swapped === 'unchanged') return undefined;
  warnOfSkipped(update, logger);
  if (swapped === 'served') announce(before, parts);
  else parts.onCanary?.(engine);
  rewarm(previous, current, parts);
  return swapped === 'served' ? true : undefined;
}

/** Plans operations for an engine that clients have sent to another one. */
function rewarm(
  previous: Engine | undefined,
  current: () => Engine | undefined,
  { logger, warmedUp }: SchemaListenerParts,
): void {
  const engine = current();
  const recent = previous?.recentQueries?.(warmedUp) ?? [];
  if (engine) rewarmPlans(recent, engine, current).catch((err) => logWarmUp(logger, err));
}

interface NamesInUse {
  readonly subgraphs: readonly string[];
  readonly endpoints: readonly string[];
}

function namesInUse({ gateway, endpoints }: SchemaListenerParts): NamesInUse {
  return { subgraphs: subgraphsOf(gateway), endpoints: endpoints().map(nameOf) };
}

/** Logs that all clients get a new schema now, and what it lacks. */
function announce(before: NamesInUse, parts: SchemaListenerParts): void {
  parts.logger.info({}, 'serving a new schema');
  warnOfRemoved(before, parts);
  parts.onSwap();
}

function logFailure(logger: Logger, error: unknown): void {
  if (error instanceof ConfigError) {
    const problems = error.problems.map(formatProblem);
    logger.error({ problems }, 'the config does not match the new schema; the last good schema keeps serving');
  } else logger.error({ err: error }, 'the new schema cannot be served; the last good one keeps serving');
}

/** Warns about pipes, sockets and devices in the schemas folder. */
export function warnOfSkipped({ skipped }: SupergraphUpdate, logger: Logger): void {
  if (skipped === undefined) return;
  logger.warn({ skipped }, 'the schemas folder has pipes, sockets or devices, which are not read; move them out of it');
}

/** Warns about removed subgraphs: a file may be missing from a deployment by mistake. */
function warnOfRemoved(before: NamesInUse, { gateway, logger, endpoints }: SchemaListenerParts): void {
  const subgraphs = new Set(subgraphsOf(gateway));
  const removed = before.subgraphs.filter((name) => !subgraphs.has(name));
  // called in any case: this checks the endpoints against the new schema now instead of with the first request
  const working = new Set(endpoints().map(nameOf));
  if (removed.length === 0) return;
  const broken = before.endpoints.filter((name) => !working.has(name));
  const message =
    broken.length === 0
      ? 'subgraphs were removed from the schema'
      : 'subgraphs were removed from the schema, and endpoints that need them no longer work';
  logger.warn({ removed, ...(broken.length > 0 && { endpoints: broken }) }, message);
}

function subgraphsOf(gateway: Gateway): readonly string[] {
  return gateway.engine()?.supergraph.subgraphs.map(({ name }) => name) ?? [];
}

function nameOf({ method, path }: EndpointName): string {
  return `${method} ${path}`;
}

export function logWarmUp(logger: Logger, err: unknown): void {
  logger.warn({ err }, 'warmup ended early; operations are planned when they are requested');
}
