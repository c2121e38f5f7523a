import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every group with its defaults; `concurrency` and `deadline` have none for one key each. */
const TRAFFIC = {
  deduplicate_query: false,
  try_timeout: '10s',
  deadline: { header: 'x-request-timeout-ms' },
  retry: {},
  hedge: {},
  circuit_breaker: {},
  concurrency: { max: 256 },
};

/**
 * Writes a config that uses every layer around a subgraph, each of which has two URLs, so that its balancer and outlier detection are in
 * use. Returns its file. JSON is YAML, too.
 */
export function trafficConfig(supergraph: string, dir: string): string {
  const urls = [...readFileSync(supergraph, 'utf8').matchAll(/@join__graph\(name: "([^"]+)", url: "([^"]+)"\)/g)];
  if (urls.length === 0) throw new Error('the supergraph names no subgraphs');
  const subgraphs = Object.fromEntries(
    urls.map(([, name = '', url]) => [name, { urls: [{ url }, { url: `${url}?instance=2` }], outlier_detection: {} }]),
  );
  const file = join(dir, 'traffic.json');
  const router = { deduplicate_query: false };
  writeFileSync(file, JSON.stringify({ subgraphs, traffic_shaping: { router, all: TRAFFIC } }));
  return file;
}
