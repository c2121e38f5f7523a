import autocannon from 'autocannon';
import { main } from '../scenarios.ts';
import type { Subject } from './run.ts';

const CONNECTIONS = 50;
const SHARE = 0.7;

/** A sentence: latency of main at 70 % of the requests a second that can be answered, sent at an even pace. */
export async function measureNearLimit({ url, seconds }: Subject): Promise<string> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const load = {
    url,
    connections: CONNECTIONS,
    requests: main.bodies.map((body) => ({ method: 'POST' as const, headers, body: JSON.stringify(body) })),
  };
  await autocannon({ ...load, duration: seconds });
  const { requests, duration } = await autocannon({ ...load, duration: seconds });
  const most = requests.total / duration;
  const rate = Math.max(1, Math.round(most * SHARE));
  const { latency } = await autocannon({ ...load, duration: seconds * 2, overallRate: rate });
  return [
    `At ${rate} main requests a second, 70 % of the ${Math.round(most)} that are answered at the most: median ${latency.p50} ms,`,
    `p97.5 ${latency.p97_5} ms, p99 ${latency.p99} ms = ${(latency.p99 / latency.p50).toFixed(1)} × the median.`,
  ].join('\n');
}
