import type { Config } from '../config/config.ts';

/** The whole key of a subgraph's setting. Its last step is the subgraph's name. */
export type SettingPath = readonly string[];

/** Returns the settings of subgraphs that the graph does not have. They have no effect. */
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
    [['tls', 'subgraph', 'subgraphs'], config.tls.subgraph?.subgraphs],
    [['authentication', 'subgraph', 'subgraphs'], config.authentication.subgraph?.subgraphs],
    [['headers', 'subgraphs'], config.headers.subgraphs],
    [['subscription', 'mode', 'passthrough', 'subgraphs'], config.subscription.mode.passthrough.subgraphs],
    [['subscription', 'mode', 'callback', 'subgraphs'], callbackSubgraphs(config)],
    [['rate_limits', 'subgraphs'], config.rate_limits.subgraphs],
    [['response_cache', 'subgraph', 'subgraphs'], config.response_cache.subgraph.subgraphs],
    [['cache_control', 'subgraph_headers', 'subgraphs'], config.cache_control.subgraph_headers.subgraphs],
    [
      ['demand_control', 'strategy', 'static_estimated', 'subgraph', 'subgraphs'],
      config.demand_control.strategy.static_estimated.subgraph.subgraphs,
    ],
  ];
}

function callbackSubgraphs({ subscription }: Config): object | undefined {
  const names = subscription.mode.callback?.subgraphs;
  return names && Object.fromEntries(names.map((name) => [name, name]));
}
