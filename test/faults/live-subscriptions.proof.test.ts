import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { project, startCli } from '../cli/run-cli.ts';
import { PROGRAMS } from '../programs.ts';
import { PATIENCE } from './gateway-process.ts';
import { LiveSubscriber, TRANSPORTS } from './live-subscribers.ts';
import { type NumberedSource, numberedSources, startSending } from './numbered-sources.ts';
import { noCounts, type SequenceCounts } from './sequence.ts';

const SUBSCRIBERS = 1_000;
const RELOADS = 20;
const RESTARTS = 5;
const CONFIG = `
shutdown: { delay: 0s, grace: 5s }
subscription: { reconnect: { max_attempts: 500, backoff: { base: 50ms, max: 500ms } } }
`;

async function startReplica(dir: string, port: number) {
  const cli = startCli(dir, ['start', '--port', String(port)]);
  await vi.waitFor(() => expect(cli.output.stdout, cli.output.stderr).toMatch(/^Headgate listening on /m), PATIENCE);
  const [, url = ''] = /^Headgate listening on (\S+)$/m.exec(cli.output.stdout) ?? [];
  return { cli, url, swaps: () => cli.output.stdout.split('serving a new schema').length - 1 };
}

interface Group {
  readonly source: NumberedSource;
  readonly subscribers: readonly LiveSubscriber[];
}

/** Runs the phases one after the other, and counts what has happened to the events of each. */
async function countPhases(
  groups: readonly Group[],
  lastSent: () => number,
  phases: Readonly<Record<string, () => Promise<void>>>,
) {
  const counted: Record<string, Record<string, SequenceCounts>> = {};
  const haveAll = async () => {
    const mark = lastSent() + 1;
    await vi.waitFor(() => {
      const behind = groups.flatMap(({ source: { field }, subscribers }) =>
        subscribers.filter(({ sequence }) => sequence.last < mark).map(({ ends }) => `${field} ${ends.join(' ')}`),
      );
      expect(behind).toEqual([]);
    }, PATIENCE);
    return lastSent();
  };
  let from = await haveAll();
  const limits: (readonly [name: string, from: number, to: number])[] = [];
  for (const [name, run] of Object.entries(phases)) {
    await run();
    const to = await haveAll();
    limits.push([name, from, to]);
    from = to;
  }
  await haveAll();
  for (const [name, start, end] of limits)
    counted[name] = Object.fromEntries(
      groups.map(({ source: { field, sent }, subscribers }) => {
        const counts = noCounts();
        for (const { sequence } of subscribers) sequence.count(sent, start, end, counts);
        return [field, counts];
      }),
    );
  return counted;
}

const isInstalled = PROGRAMS['nats-server'] && PROGRAMS['redis-server'];

test.skipIf(!isInstalled)(
  `${SUBSCRIBERS} live subscribers, ${RELOADS} reloads, kills of subgraphs and brokers, ${RESTARTS} rolling restarts`,
  async () => {
    const world = await numberedSources();
    const dir = await project({ ...world.files, 'headgate.yaml': CONFIG + world.config });
    const replicas = [await startReplica(dir, 0), await startReplica(dir, 0)];
    let turn = 0;
    const nextUrl = () => replicas[turn++ % replicas.length]?.url ?? '';
    const sending = startSending(world);
    const each = SUBSCRIBERS / world.sources.length;
    const groups = world.sources.map((source) => {
      const open = (_: unknown, at: number) =>
        new LiveSubscriber(nextUrl, source.field, TRANSPORTS[at % TRANSPORTS.length] ?? TRANSPORTS[0]);
      return { source, subscribers: Array.from({ length: each }, open) };
    });
    const endsOf = () => groups.flatMap(({ subscribers }) => subscribers.flatMap(({ ends }) => ends));
    let endsBefore = 0;

    const counted = await countPhases(groups, sending.last, {
      async reloads() {
        endsBefore = endsOf().length;
        const before = replicas.map(({ swaps }) => swaps());
        for (let version = 1; version <= RELOADS; version++) {
          await writeFile(join(dir, 'schemas/texts.graphql'), world.textsFile(version));
          for (const [at, { swaps }] of replicas.entries())
            await vi.waitFor(() => expect(swaps()).toBe((before[at] ?? 0) + version), PATIENCE);
        }
        expect(endsOf().length).toBe(endsBefore);
      },
      async 'lost WebSockets to the subgraph'() {
        for (let round = 0; round < 3; round++) {
          const before = sending.last();
          world.killUpstream();
          await vi.waitFor(() => expect(groups[0]?.subscribers[0]?.sequence.last).toBeGreaterThan(before), PATIENCE);
        }
        expect(endsOf().length).toBe(endsBefore);
      },
      async 'a restart of the brokers'() {
        for (const broker of Object.values(world.brokers)) {
          await broker.kill();
          await broker.restart();
        }
        expect(endsOf().length).toBe(endsBefore);
      },
      async 'rolling restarts'() {
        for (let restart = 0; restart < RESTARTS; restart++) {
          const at = restart % replicas.length;
          const { cli, url } = replicas[at] as (typeof replicas)[number];
          cli.kill('SIGTERM');
          expect((await cli.ended).code).toBe(0);
          replicas[at] = await startReplica(dir, Number(new URL(url).port));
        }
      },
    });
    await sending.stop();
    for (const [phase, bySource] of Object.entries(counted)) {
      console.log(phase);
      console.table(bySource);
    }
    const ends: Record<string, number> = {};
    for (const end of endsOf()) ends[end] = (ends[end] ?? 0) + 1;
    console.log('ends', ends);

    for (const [phase, bySource] of Object.entries(counted))
      for (const { source } of groups) {
        const counts = bySource[source.field] ?? noCounts();
        const mayLose = phase !== 'reloads' && !source.canReplay;
        // a replica may get an event after a client that has it already from another one
        const mayDouble = phase === 'rolling restarts' && !source.canReplay;
        expect(counts.received, `${phase}, ${source.field}`).toBeGreaterThan(0);
        expect({ phase, field: source.field, ...counts }).toEqual({
          ...{ phase, field: source.field, received: counts.received },
          ...{ lost: mayLose ? counts.lost : 0, lostSilently: 0, doubled: 0, reordered: 0 },
          doubledElsewhere: mayDouble ? counts.doubledElsewhere : 0,
        });
      }
  },
);
