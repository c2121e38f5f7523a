import type { RequestListener, ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { bodyOf, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { gatewayOver } from '../sources/stitched/gateway.ts';
import { callbackGateway } from './callback-server.ts';

/** What a subgraph sends for each subscription: the data of events, and then these errors. */
export interface Refusal {
  readonly events?: readonly object[];
  readonly errors: readonly object[];
}

/** A subgraph that ends subscriptions with errors, and the gateway before it. */
export interface RefusedWorld {
  readonly url: string;
  /** How many subscriptions have begun at the subgraph. */
  count(): number;
}

/** Starts a subgraph that refuses in one of the ways of a protocol, and keeps its connections open. */
export type StartRefusing = (refusal: Refusal) => Promise<RefusedWorld>;

/** The root field may be null or not, and has another name in the gateway's request than in that of the client. */
const SCHEMA = `
  type Query { version: Int }
  type Subscription { maybe: Int sure: Int! }`;

function gatewayBefore(url: string, protocol: string) {
  const passthrough = { subgraphs: { ticks: { protocol } } };
  const subscription = { mode: { passthrough }, reconnect: { max_attempts: 1, backoff: { base: '10ms' } } };
  return gatewayOver({ ticks: `extend schema @subgraph(url: "${url}")${SCHEMA}` }, { subscription });
}

/**
 * A subgraph with WebSockets.
 * @param isLostFirst whether the first connection breaks after the events, and the second one is refused
 */
function webSocket(
  protocol: string,
  refuse: (errors: readonly object[]) => readonly object[],
  isLostFirst = false,
): StartRefusing {
  const isOld = protocol === 'subscriptions_transport_ws';
  return async ({ events = [], errors }) => {
    const { url, server } = await fakeSubgraph((_, res) => res.writeHead(404).end());
    const sockets = new WebSocketServer({ server });
    let count = 0;
    sockets.on('connection', (socket) => {
      const send = (message: object) => socket.send(JSON.stringify(message));
      socket.on('message', (data) => {
        const { type, id } = JSON.parse(String(data));
        if (type === 'connection_init') send({ type: 'connection_ack' });
        if (type !== 'subscribe' && type !== 'start') return;
        count += 1;
        const isLost = isLostFirst && count === 1;
        if (isLostFirst && !isLost) return send({ id, ...refuse(errors)[0] });
        for (const event of events) send({ id, type: isOld ? 'data' : 'next', payload: { data: event } });
        if (isLost) return socket.close(1011);
        for (const message of refuse(errors)) send({ id, ...message });
      });
    });
    onTestFinished(() => {
      for (const socket of sockets.clients) socket.terminate();
    });
    return { url: (await gatewayBefore(url, protocol)).url, count: () => count };
  };
}

/** A subgraph that responds with a stream, or with one result. */
function overHttp(protocol: string, respond: (res: ServerResponse, refusal: Required<Refusal>) => void): StartRefusing {
  return async ({ events = [], errors }) => {
    let count = 0;
    const listener: RequestListener = (_, res) => {
      count += 1;
      respond(res, { events, errors });
    };
    const { url } = await fakeSubgraph(listener);
    return { url: (await gatewayBefore(url, protocol)).url, count: () => count };
  };
}

const json = (res: ServerResponse, { errors }: Refusal) =>
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data: null, errors }));

const sse = (res: ServerResponse, { events = [], errors }: Refusal) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const result of [...events.map((data) => ({ data })), { errors }])
    res.write(`event: next\ndata: ${JSON.stringify(result)}\n\n`);
};

const multipart = (last: (errors: readonly object[]) => object) => {
  return (res: ServerResponse, { events = [], errors }: Refusal) => {
    res.writeHead(200, { 'content-type': 'multipart/mixed;boundary="-"' });
    for (const part of [...events.map((data) => ({ payload: { data } })), last(errors)])
      res.write(`\r\n---\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(part)}\r\n---`);
  };
};

const callback: StartRefusing = async ({ events = [], errors }) => {
  let count = 0;
  const { url } = await fakeSubgraph(async (req, res) => {
    count += 1;
    const { callbackUrl, subscriptionId: id, verifier } = JSON.parse(await bodyOf(req)).extensions.subscription;
    res.writeHead(200, { 'content-type': 'application/json' }).end('{"data":null}');
    const callbacks = [
      ...events.map((data) => ({ action: 'next', payload: { data } })),
      { action: 'complete', errors },
    ];
    for (const one of callbacks) {
      const body = JSON.stringify({ kind: 'subscription', id, verifier, ...one });
      await fetch(callbackUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    }
  });
  const { url: gatewayUrl } = await callbackGateway({ ticks: `extend schema @subgraph(url: "${url}")${SCHEMA}` });
  return { url: gatewayUrl, count: () => count };
};

/** The ways to refuse, also after events. */
export const REFUSING: Readonly<Record<string, StartRefusing>> = {
  'an error message (graphql-transport-ws)': webSocket('graphql_ws', (errors) => [{ type: 'error', payload: errors }]),
  'an error message (graphql-ws)': webSocket('subscriptions_transport_ws', ([first]) => [
    { type: 'error', payload: first },
  ]),
  'errors beside the payload (multipart)': overHttp(
    'multipart',
    multipart((errors) => ({ payload: null, errors })),
  ),
  'the end with errors (callbacks)': callback,
};

/** The ways to refuse at the start only. */
export const REFUSING_AT_START: Readonly<Record<string, StartRefusing>> = {
  'a result without data (graphql-transport-ws)': webSocket('graphql_ws', (errors) => [
    { type: 'next', payload: { errors } },
  ]),
  'a result without data (graphql-ws)': webSocket('subscriptions_transport_ws', (errors) => [
    { type: 'data', payload: { errors } },
  ]),
  'a result without data (sse)': overHttp('sse', sse),
  'a response that is no stream (sse)': overHttp('sse', json),
  'a result without data (multipart)': overHttp(
    'multipart',
    multipart((errors) => ({ payload: { errors } })),
  ),
  'a response that is no stream (multipart)': overHttp('multipart', json),
};

/** A subgraph that refuses the subscription that follows a lost connection. */
export const REFUSING_AGAIN: StartRefusing = webSocket(
  'graphql_ws',
  (errors) => [{ type: 'error', payload: errors }],
  true,
);
