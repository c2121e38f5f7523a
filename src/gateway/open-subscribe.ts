import type { EndpointSection } from '../config/sections/endpoints.ts';
import { upstreamSettings } from '../config/sections/subscription.ts';
import { tlsOfSubgraph } from '../config/sections/tls.ts';
import { subgraphTraffic } from '../config/sections/traffic-shaping.ts';
import { readSubgraphUrl, type SubgraphAddress } from '../shared/subgraph-url.ts';
import { subgraphTls } from '../sources/http/subgraph-tls.ts';
import type { ForwardHeaders, Source } from '../sources/source.ts';
import type { WebSocketTarget } from '../sources/websocket/websocket-pool.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';
import { callSubscribePlugins } from '../traffic/call-plugins.ts';
import type { SourceDependencies } from './open-sources.ts';

type Dependencies = Pick<SourceDependencies, 'config' | 'signerOf' | 'webSockets' | 'plugins'>;

const DEFAULT_CONNECT_MS = 10_000;

/**
 * Returns `Source.subscribe` of a federation subgraph, over WebSockets; `undefined` where it has none. With several URLs, each attempt
 * uses the next one.
 */
export function openSubscribe(
  { name, inProcess }: Subgraph,
  urls: EndpointSection,
  forward: ForwardHeaders | undefined,
  { config, signerOf, webSockets, plugins }: Dependencies,
): Source['subscribe'] {
  if (inProcess !== undefined || !config.subscription.enabled) return undefined;
  const { path, protocol, sendsInitPayload } = upstreamSettings(config.subscription, name);
  const tls = tlsOfSubgraph(config.tls, name);
  const common: Omit<WebSocketTarget, 'address'> = {
    name,
    subprotocol: protocol === 'graphql_ws' ? 'graphql-transport-ws' : 'graphql-ws',
    forward,
    sendsInitPayload,
    tls: tls && subgraphTls(tls.key, tls.settings),
    sign: signerOf(name),
    connectTimeoutMs: subgraphTraffic(config.traffic_shaping, name).connect_timeout ?? DEFAULT_CONNECT_MS,
    pingMs: config.subscription.heartbeat_interval,
  };
  const targets = urls.flatMap(({ url }): WebSocketTarget[] => {
    const address = readSubgraphUrl(url);
    return typeof address === 'string' ? [] : [{ ...common, address: withPath(address, path) }];
  });
  let turn = 0;
  const subscribe: NonNullable<Source['subscribe']> = (request, sink) => {
    const target = targets[turn++ % targets.length] as WebSocketTarget;
    return webSockets.subscribe(target, request, sink);
  };
  return plugins ? callSubscribePlugins(name, subscribe, { forward, url: urls[0]?.url }) : subscribe;
}

function withPath(address: SubgraphAddress, path: string | undefined): SubgraphAddress {
  return path === undefined ? address : { ...address, path };
}
