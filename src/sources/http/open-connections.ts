import type { Connections } from './connections.ts';
import type { PoolSettings } from './http-pool.ts';
import { Http2Connections } from './http2/http2-connections.ts';
import { OriginPool } from './origin-pool.ts';

/** Opens the connections to one origin, as they are needed, with HTTP/1.1 or HTTP/2. */
export function openConnections(origin: string, settings: PoolSettings = {}): Connections {
  const isSecure = origin.startsWith('https:');
  const usesHttp2 = settings.http2 === 'http2only' || (settings.http2 === 'enable' && isSecure);
  return usesHttp2 ? new Http2Connections(origin, settings) : new OriginPool(origin, settings);
}
