import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ALONE_CONFIG, ROOT } from './gateways.ts';
import { pluginConfig } from './plugin-config.ts';
import { type Running, startStub } from './processes.ts';
import { trafficConfig } from './traffic-config.ts';

/** A feature whose cost is measured: a gateway with it, against one with nothing configured. */
export interface Feature {
  /** As in "with … against none". */
  readonly title: string;
  /** Writes a config that has the feature, and otherwise is `ALONE_CONFIG`. Returns its file. */
  readonly config: (dir: string, supergraph: string, port: number) => string;
  /** Starts a program that the feature needs, whose port the config gets. */
  readonly start?: () => Promise<{ readonly running: Running; readonly port: number }>;
}

export const FEATURES: Readonly<Record<string, Feature>> = {
  none: { title: 'nothing, as a yardstick', config: () => ALONE_CONFIG },
  traffic: {
    title: 'traffic_shaping at its defaults',
    config: (dir, supergraph) => trafficConfig(supergraph, dir),
  },
  metrics: {
    title: 'metrics',
    config: withSection({
      telemetry: { exporters: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } } },
    }),
  },
  plugins: { title: 'a plugin with onRequest alone', config: pluginConfig },
  'access-log': {
    title: 'the access log',
    config: withSection({ telemetry: { access_log: { enabled: true, level: 'info' } } }),
  },
  // everything is cached after the first request: what a hit costs, against the requests to subgraphs that it saves
  cache: {
    title: 'response_cache with a ttl',
    config: withSection({ response_cache: { enabled: true, subgraph: { all: { ttl: '1h' } } } }),
  },
  traces: { title: 'traces of all requests', config: traces(1), start: startCollector },
  'traces-1-percent': { title: 'traces of 1 % of all requests', config: traces(0.01), start: startCollector },
  usage: { title: 'usage', config: withSection({ usage: { enabled: true } }) },
};

function withSection(section: object): Feature['config'] {
  return (dir) => {
    const file = join(dir, 'feature.json');
    writeFileSync(file, JSON.stringify({ ...parse(readFileSync(ALONE_CONFIG, 'utf8')), ...section }));
    return file;
  };
}

/** Its queue is so long that no span is dropped: those would cost nothing. */
function traces(sampler: number): Feature['config'] {
  return (dir, supergraph, port) => {
    const endpoint = `http://127.0.0.1:${port}`;
    const otlp = { enabled: true, endpoint, batch_processor: { max_queue_size: 200_000 } };
    return withSection({ telemetry: { exporters: { tracing: { otlp, common: { sampler } } } } })(dir, supergraph, port);
  };
}

function startCollector() {
  return startStub(join(ROOT, 'bench/stub/collector.ts'));
}
