import type { Config } from '../config/config.ts';

/** The whole key of a subgraph's setting. */
export type SettingPath = readonly (string | number)[];

/** A setting that names a subgraph. */
export interface SubgraphSetting {
  /** Its last step is the name, or the index in a list of names. */
  readonly path: SettingPath;
  readonly name: string;
}

/** Returns the settings of subgraphs that the graph does not have. They have no effect. */
export function unknownSubgraphs(config: Config, names: Iterable<string>): SubgraphSetting[] {
  const known = new Set(names);
  const keyed = byName(config).flatMap(([path, settings = {}]) =>
    Object.keys(settings).map((name) => ({ path: [...path, name], name })),
  );
  const listed = inLists(config).flatMap(([path, list = []]) =>
    list.map((name, index) => ({ path: [...path, index], name })),
  );
  return [...keyed, ...listed].filter(({ name }) => !known.has(name));
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
    [['rate_limits', 'subgraphs'], config.rate_limits.subgraphs],
    [['response_cache', 'subgraph', 'subgraphs'], config.response_cache.subgraph.subgraphs],
    [['cache_control', 'subgraph_headers', 'subgraphs'], config.cache_control.subgraph_headers.subgraphs],
    [
      ['demand_control', 'strategy', 'static_estimated', 'subgraph', 'subgraphs'],
      config.demand_control.strategy.static_estimated.subgraph.subgraphs,
    ],
  ];
}

function inLists({ subscription }: Config): [SettingPath, readonly string[] | undefined][] {
  return [[['subscription', 'mode', 'callback', 'subgraphs'], subscription.mode.callback?.subgraphs]];
}
