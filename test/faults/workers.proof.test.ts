import { readdirSync, readlinkSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { PATIENCE, startGateway } from './gateway-process.ts';
import { type Load, startLoad } from './new-connections.ts';

const CLIENTS = 24;
const CONFIG = `
workers: { heartbeat_timeout: 5s }
shutdown: { delay: 0s }
telemetry: { metrics: { prometheus: { enabled: true, listen: "127.0.0.1:0" } } }
`;

/** Waits until clients have got `more` further responses. */
async function answers(load: Load, more: number): Promise<void> {
  const before = load.counts.answered ?? 0;
  await vi.waitFor(() => expect(load.counts.answered).toBeGreaterThan(before + more), PATIENCE);
}

/** Expects that every connection has ended, and that only those of the killed workers ended without a response. */
async function endWithoutHungConnections(load: Load, killed: number): Promise<void> {
  load.stop();
  await load.ended;
  const { answered, reset = 0, 'no answer': closed = 0, ...others } = load.counts;
  expect(others).toEqual({});
  expect(reset + closed).toBeLessThanOrEqual(killed * CLIENTS);
}

/** Returns the number of workers in each state. */
async function statesAt(metricsUrl: string): Promise<Record<string, number>> {
  const text = await (await fetch(metricsUrl, { headers: { connection: 'close' } })).text();
  const series = text.matchAll(/^headgate_workers\{state="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...series].map(([, state, count]) => [state, Number(count)]));
}

const ALL_SERVE = { responsive: 2, unresponsive: 0, starting: 0 };

/** Returns how many sockets a process has. */
const socketsOf = (pid: number) =>
  readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;

test('kill -9 of workers under load: no connection stays open, and the primary keeps no socket', async () => {
  const { cli, port, metricsUrl, workers } = await startGateway(2, CONFIG);
  const socketsBefore = socketsOf(cli.pid);
  const load = startLoad(port, CLIENTS);
  for (let round = 0; round < 5; round++) {
    await answers(load, 200);
    const [victim = 0] = workers();
    process.kill(victim, 'SIGKILL');
    await vi.waitFor(() => expect(cli.output.stdout).toContain(`"pid":${victim},`), PATIENCE);
    // not while the replacement starts: without a worker that serves, clients would be refused
    await vi.waitFor(async () => expect(await statesAt(metricsUrl)).toEqual(ALL_SERVE), PATIENCE);
  }
  await answers(load, 200);
  await endWithoutHungConnections(load, 5);
  await vi.waitFor(() => expect(socketsOf(cli.pid)).toBe(socketsBefore), PATIENCE);
});

test('SIGSTOP of a worker under load: the other one answers, the stopped one is replaced, and no connection stays open', async () => {
  const { cli, port, metricsUrl, workers } = await startGateway(2, CONFIG);
  expect(await statesAt(metricsUrl)).toEqual(ALL_SERVE);
  const load = startLoad(port, CLIENTS);
  await answers(load, 200);
  const [victim = 0] = workers();
  process.kill(victim, 'SIGSTOP');
  await vi.waitFor(
    async () => expect(await statesAt(metricsUrl)).toEqual({ responsive: 1, unresponsive: 1, starting: 0 }),
    PATIENCE,
  );
  await answers(load, 200);
  await vi.waitFor(() => expect(cli.output.stdout).toContain('a worker does not respond; ending it'), PATIENCE);
  await vi.waitFor(async () => expect(await statesAt(metricsUrl)).toEqual(ALL_SERVE), PATIENCE);
  expect(workers()).not.toContain(victim);
  await answers(load, 200);
  await endWithoutHungConnections(load, 1);
});

test('a stopped worker does not keep the gateway from stopping', async () => {
  const { cli, workers } = await startGateway(2, CONFIG);
  process.kill(workers()[0] ?? 0, 'SIGSTOP');
  cli.kill('SIGTERM');
  expect((await cli.ended).code).toBe(1);
  expect(cli.output.stdout).toContain('a worker does not respond; ending it');
});

test('when all processes were stopped and continue, no worker is ended', async () => {
  const { cli, port, workers } = await startGateway(2, CONFIG);
  const before = workers();
  const all = [cli.pid, ...before];
  for (const pid of all) process.kill(pid, 'SIGSTOP');
  // longer than the timeout
  await new Promise((resolve) => setTimeout(resolve, 7_000));
  for (const pid of all) process.kill(pid, 'SIGCONT');
  const load = startLoad(port, CLIENTS);
  await answers(load, 200);
  await endWithoutHungConnections(load, 0);
  expect(workers()).toEqual(before);
});
