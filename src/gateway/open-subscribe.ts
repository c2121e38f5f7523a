import type { EndpointSection } from '../config/sections/endpoints.ts';
import { upstreamSettings, usesCallbacks } from '../config/sections/subscription.ts';
import { tlsOfSubgraph } from '../config/sections/tls.ts';
import { subgraphTraffic } from '../config/sections/traffic-shaping.ts';
import { readSubgraphUrl, type SubgraphAddress } from '../shared/subgraph-url.ts';
import { openCallbackUpstream } from '../sources/callback/callback-upstream.ts';
import { openEventStreams, type SubscriptionUpstream } from '../sources/event-stream/event-streams.ts';
import type { HttpSourceOptions } from '../sources/http/http-source.ts';
import type { WebSocketTarget } from '../sources/websocket/websocket-pool.ts';
import { callSubscribePlugins } from '../traffic/call-plugins.ts';
import type { SourceDependencies } from './open-sources.ts';

type Dependencies = Pick<
  SourceDependencies,
  'config' | 'certificates' | 'signerOf' | 'webSockets' | 'callbacks' | 'plugins'
>;

const DEFAULT_CONNECT_MS = 10_000;

/**
 * Opens the subscriptions of a GraphQL subgraph, by the protocol that is configured; `undefined` where subscriptions are off. With
 * several URLs, each attempt uses the next one.
 * @param options how requests to the subgraph are sent
 */
export function openSubscribe(
  urls: EndpointSection,
  options: Omit<HttpSourceOptions, 'url'>,
  dependencies: Dependencies,
): SubscriptionUpstream | undefined {
  const { config, plugins } = dependencies;
  if (!config.subscription.enabled) return undefined;
  const { name, forward } = options;
  const { subscribe, close } = openUpstream(urls, options, dependencies);
  return {
    subscribe: plugins ? callSubscribePlugins(name, subscribe, { forward, url: urls[0]?.url }) : subscribe,
    close,
  };
}

function openUpstream(
  urls: EndpointSection,
  options: Omit<HttpSourceOptions, 'url'>,
  dependencies: Dependencies,
): SubscriptionUpstream {
  const { config, callbacks } = dependencies;
  const addresses = urls.map(({ url }) => url);
  if (callbacks && usesCallbacks(config.subscription, options.name))
    return openCallbackUpstream(addresses, options, callbacks);
  const { path, protocol, idleMs } = upstreamSettings(config.subscription, options.name);
  return protocol === 'sse' || protocol === 'multipart'
    ? openEventStreams({ ...options, urls: addresses, path, format: protocol, idleMs })
    : openWebSockets(urls, options, dependencies);
}

function openWebSockets(
  urls: EndpointSection,
  { name, forward }: Omit<HttpSourceOptions, 'url'>,
  { config, certificates, signerOf, webSockets }: Dependencies,
): SubscriptionUpstream {
  const { path, protocol, sendsInitPayload } = upstreamSettings(config.subscription, name);
  const tls = tlsOfSubgraph(config.tls, name);
  const common: Omit<WebSocketTarget, 'address'> = {
    name,
    subprotocol: protocol === 'graphql_ws' ? 'graphql-transport-ws' : 'graphql-ws',
    forward,
    sendsInitPayload,
    tls: tls && certificates.open(tls.key, tls.settings),
    sign: signerOf(name),
    connectTimeoutMs: subgraphTraffic(config.traffic_shaping, name).connect_timeout ?? DEFAULT_CONNECT_MS,
    pingMs: config.subscription.heartbeat_interval,
  };
  const targets = urls.flatMap(({ url }): WebSocketTarget[] => {
    const address = readSubgraphUrl(url);
    return typeof address === 'string' ? [] : [{ ...common, address: withPath(address, path) }];
  });
  let turn = 0;
  return {
    subscribe(request, sink) {
      const target = targets[turn++ % targets.length] as WebSocketTarget;
      return webSockets.subscribe(target, request, sink);
    },
    // the connections are those of the process
    close: () => Promise.resolve(),
  };
}

function withPath(address: SubgraphAddress, path: string | undefined): SubgraphAddress {
  return path === undefined ? address : { ...address, path };
}
