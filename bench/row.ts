import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewaySetup, Mode, Place } from './gateways.ts';
import {
  checkAnswers,
  countSubgraphRequests,
  type Load,
  measureInTurn,
  measureLoad,
  waitUntilReady,
} from './measure.ts';
import type { BenchOptions } from './options.ts';
import { freePort, type Running, startNode } from './processes.ts';
import { coldBodies, main, tiny, varied } from './scenarios.ts';

/** All that was measured of one gateway. */
export interface Row {
  readonly gateway: GatewaySetup;
  readonly readyMs: number;
  /** Subgraph requests for one main query. */
  readonly subgraphRequests: number;
  readonly loads: Readonly<Record<'main' | 'varied' | 'tiny', Load>>;
  /** After the main scenario. */
  readonly peakMb: number;
  /** Median time of a whole request with a document never seen before, in milliseconds. */
  readonly coldMs: number | undefined;
  /** The main scenario with sharing. */
  readonly shared: Load | undefined;
}

/** A gateway that runs, and where. */
interface Life {
  readonly url: string;
  readonly running: Running;
  readonly readyMs: number;
}

/** Measures one gateway in all scenarios. Throws when it does not start, or answers anything wrong. */
export async function measureGateway(
  gateway: GatewaySetup,
  place: Omit<Place, 'port'>,
  options: BenchOptions,
): Promise<Row> {
  const during = <T>(mode: Mode, measure: (life: Life) => Promise<T>) => live(gateway, place, mode, measure);
  const cold = coldBodies(options.coldDocuments);
  // In a first life the subgraphs get to know what they will be asked; the second one times the gateway.
  if (gateway.general) await during('alone', ({ url }) => measureInTurn(url, cold));
  const coldMs = gateway.general ? await during('alone', ({ url }) => measureInTurn(url, cold)) : undefined;
  const alone = await during('alone', async ({ url, running, readyMs }) => {
    for (const scenario of [main, varied, tiny]) await checkAnswers(url, scenario);
    const subgraphRequests = await countSubgraphRequests(
      url,
      place.subgraphs,
      main.bodies[0] as (typeof main.bodies)[0],
    );
    const ofMain = await measureLoad(url, main, running, options);
    const peakMb = running.peakMb();
    const ofVaried = await measureLoad(url, varied, running, options);
    const ofTiny = await measureLoad(url, tiny, running, options);
    return { readyMs, subgraphRequests, peakMb, loads: { main: ofMain, varied: ofVaried, tiny: ofTiny } };
  });
  const shared = gateway.sharing
    ? await during('shared', async ({ url, running }) => {
        await checkAnswers(url, main);
        return measureLoad(url, main, running, options);
      })
    : undefined;
  return { gateway, ...alone, coldMs, shared };
}

async function live<T>(
  gateway: GatewaySetup,
  place: Omit<Place, 'port'>,
  mode: Mode,
  measure: (life: Life) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const { args, env } = gateway.command({ ...place, port }, mode);
  const url = `http://127.0.0.1:${port}${gateway.path}`;
  const startedAt = performance.now();
  const running = startNode(args, 'gateway', env);
  try {
    const readyMs = await waitUntilReady(url, running, startedAt);
    return await measure({ url, running, readyMs });
  } catch (error) {
    throw new Error(`${gateway.title}: ${error instanceof Error ? error.message : error}`, { cause: error });
  } finally {
    await running.stop();
    // Its connections to the subgraphs are let go.
    await sleep(100);
  }
}
