import { connect, type Socket } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import { httpWorld } from './http-world.ts';

/** More than half of the budget of 100 KiB, so that two of them do not fit. */
export const LARGE = 80_000;
const shop = {
  products: {
    typeDefs: 'type Query { text(n: Int): String hello(text: String): String } type Mutation { add: String }',
    resolvers: { Query: { hello: () => 'hello', text: () => 'x'.repeat(LARGE) }, Mutation: { add: () => 'added' } },
  },
};
export const TEXT = '{"query":"{ text }"}';
export const OVERLOADED = { extensions: { code: 'OVERLOADED', retryAfter: 1 } };

export async function shopWith(limits: Record<string, string>, bffDir?: string) {
  const telemetry = { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } };
  const traffic = { router: { deduplicate_query: false }, all: { deduplicate_query: false, timeout: '60s' } };
  const config = { telemetry, traffic_shaping: traffic, limits };
  const world = await httpWorld(shop, { config, ...(bffDir === undefined ? {} : { bffDir }) });
  const metric = async (line: string) => {
    const text = await (await fetch(world.server.metricsUrl ?? '')).text();
    return Number(
      text
        .split('\n')
        .find((each) => each.startsWith(`${line} `))
        ?.slice(line.length) ?? 0,
    );
  };
  const untilHeld = (check: (bytes: number) => void) =>
    vi.waitFor(async () => check(await metric('headgate_buffered_bytes')));
  const refusals = (reason: string) =>
    metric(`headgate_policy_refusals_total{policy="limits",reason="${reason}",mode="enforce"}`);
  const logged = (words: string) => world.lines.filter(({ msg }) => String(msg).includes(words));
  return { ...world, url: world.server.url, untilHeld, refusals, logged };
}

/** Sends the head and the beginning of a body, or the whole request, and reads nothing. */
export function sendRaw(url: string, length: number, body: string): Socket {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1').pause();
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`,
  );
  return socket;
}
