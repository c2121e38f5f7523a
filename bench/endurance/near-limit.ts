import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { main } from '../scenarios.ts';
import type { Subject } from './run.ts';

/** As many requests are under way at once while the most is found. */
const AT_ONCE = 20;
const SHARE = 0.7;

/**
 * A row: latency of main at 70 % of the requests a second that can be answered, sent at an even pace whether or not the ones
 * before have been answered. A request's time begins when it was due, so that a pause counts for all that had to wait.
 */
export async function measureNearLimit({ url, seconds }: Subject, name: string): Promise<string> {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: 200, pipelining: 1 });
  const bodies = main.bodies.map((body) => JSON.stringify(body));
  let next = 0;
  const ask = async () => {
    const body = bodies[next++ % bodies.length] as string;
    const answer = await pool.request({
      path: pathname,
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body,
    });
    await answer.body.arrayBuffer();
    if (answer.statusCode !== 200) throw new Error(`${name} answered with status ${answer.statusCode}`);
  };
  try {
    await askAtOnce(ask, seconds * 1_000);
    const most = await askAtOnce(ask, seconds * 1_000);
    const rate = Math.max(1, Math.round(most * SHARE));
    const times = await askAtPace(ask, rate, seconds * 2);
    const [median, late, later] = [0.5, 0.975, 0.99].map((share) => quantile(times, share)) as [number, number, number];
    const cells = [name, Math.round(most), rate, ...[median, late, later].map((ms) => `${ms.toFixed(1)} ms`)];
    return `| ${cells.join(' | ')} | ${(later / median).toFixed(1)} |`;
  } finally {
    await pool.close();
  }
}

export const NEAR_LIMIT_HEAD = [
  '| main, at an even pace | most requests/s | 70 % of it | median | p97.5 | p99 | p99 to median |',
  '| --- | --- | --- | --- | --- | --- | --- |',
].join('\n');

/** Requests a second that are answered when each answer is followed by the next request. */
async function askAtOnce(ask: () => Promise<void>, ms: number): Promise<number> {
  const start = performance.now();
  let answered = 0;
  const goOn = async () => {
    while (performance.now() - start < ms) {
      await ask();
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, goOn));
  return (answered * 1_000) / (performance.now() - start);
}

async function askAtPace(ask: () => Promise<void>, rate: number, seconds: number): Promise<number[]> {
  const start = performance.now();
  const total = rate * seconds;
  const times: number[] = [];
  const open: Promise<void>[] = [];
  const failures: unknown[] = [];
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - start) * rate) / 1_000));
    for (; sent < due; sent++) {
      const dueAt = start + ((sent + 1) * 1_000) / rate;
      const asked = ask().then(() => void times.push(performance.now() - dueAt));
      open.push(asked.catch((error) => void failures.push(error)));
    }
    await sleep(1);
  }
  await Promise.all(open);
  if (failures.length > 0) throw failures[0];
  return times.sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
