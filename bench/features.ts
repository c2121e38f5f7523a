import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ALONE_CONFIG } from './gateways.ts';
import { pluginConfig } from './plugin-config.ts';
import { trafficConfig } from './traffic-config.ts';

/** A feature whose cost is measured: a gateway with it, against one with nothing configured. */
export interface Feature {
  /** As in "with … against none". */
  readonly title: string;
  /** Writes a config that has the feature, and otherwise is `ALONE_CONFIG`. Returns its file. */
  readonly config: (dir: string, supergraph: string) => string;
}

export const FEATURES: Readonly<Record<string, Feature>> = {
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
  usage: { title: 'usage', config: withSection({ usage: { enabled: true } }) },
};

function withSection(section: object): Feature['config'] {
  return (dir) => {
    const file = join(dir, 'feature.json');
    writeFileSync(file, JSON.stringify({ ...parse(readFileSync(ALONE_CONFIG, 'utf8')), ...section }));
    return file;
  };
}
