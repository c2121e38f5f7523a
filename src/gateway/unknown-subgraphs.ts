import type { Config } from '../config/config.ts';

/** A setting of a subgraph that is not there: its whole key, whose last step is the name. */
export type SettingPath = readonly string[];

/** Settings for subgraphs that the graph does not have: nothing comes of them. */
export function unknownSubgraphs(config: Config, names: Iterable<string>): SettingPath[] {
  const known = new Set(names);
  return byName(config).flatMap(([path, settings = {}]) =>
    Object.keys(settings)
      .filter((name) => !known.has(name))
      .map((name) => [...path, name]),
  );
}

function byName(config: Config): [SettingPath, object | undefined][] {
  return [
    [['subgraphs'], config.subgraphs],
    [['traffic_shaping', 'subgraphs'], config.traffic_shaping.subgraphs],
    [['include_subgraph_errors', 'subgraphs'], config.include_subgraph_errors.subgraphs],
    [['headers', 'subgraphs'], config.headers.subgraphs],
    [['rate_limits', 'subgraphs'], config.rate_limits.subgraphs],
    [['cache_control', 'subgraph_headers', 'subgraphs'], config.cache_control.subgraph_headers.subgraphs],
    [
      ['demand_control', 'strategy', 'static_estimated', 'subgraph', 'subgraphs'],
      config.demand_control.strategy.static_estimated.subgraph.subgraphs,
    ],
  ];
}
