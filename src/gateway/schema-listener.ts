import type { SupergraphListener, SupergraphUpdate } from '../composition/supergraph-provider.ts';
import { ConfigError } from '../config/load-config.ts';
import { formatProblem } from '../config/problem.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import { logPathEvents } from '../telemetry/log-path-events.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Gateway, PrepareForEngine } from './generations.ts';
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
}

interface EndpointName {
  readonly method: string;
  readonly path: string;
}

/** Creates a listener that swaps the engine when the schema changes, and logs the outcome. Keeps the last good schema on errors. */
export function schemaListener(parts: SchemaListenerParts): SupergraphListener {
  const { gateway, logger, instruments } = parts;
  return {
    async update(update) {
      const good = await swapOrKeep(update, parts);
      instruments?.schemaReloaded(good);
    },
    problems(problems) {
      const current = gateway.engine() === undefined ? 'no schema loaded yet' : 'the last good one keeps serving';
      logger.error({ problems: problems.map(formatProblem) }, `the schema has problems; ${current}`);
      instruments?.schemaReloaded(false);
    },
    pathEvent: (event, path, reason) => logPathEvents(logger, path)(event, reason),
  };
}

async function swapOrKeep(update: SupergraphUpdate, parts: SchemaListenerParts): Promise<boolean> {
  const { gateway, logger, warmedUp } = parts;
  const before = { subgraphs: subgraphsOf(gateway), endpoints: parts.endpoints().map(nameOf) };
  const previous = gateway.engine();
  try {
    await gateway.swap(update, parts.prepare);
  } catch (error) {
    logFailure(logger, error);
    return false;
  }
  const engine = gateway.engine();
  // closed meanwhile
  if (engine === undefined) return false;
  const recent = previous?.recentQueries?.(warmedUp) ?? [];
  logger.info({}, 'serving a new schema');
  warnOfSkipped(update, logger);
  warnOfRemoved(before, parts);
  parts.onSwap();
  rewarmPlans(recent, engine, gateway.engine).catch((err) => logWarmUp(logger, err));
  return true;
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
function warnOfRemoved(
  before: { readonly subgraphs: readonly string[]; readonly endpoints: readonly string[] },
  { gateway, logger, endpoints }: SchemaListenerParts,
): void {
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
