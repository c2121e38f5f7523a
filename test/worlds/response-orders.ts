import { setImmediate } from 'node:timers/promises';
import { createEngine } from '../../src/pipeline/pipeline.ts';
import type { Source } from '../../src/sources/source.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { type Message, messagesOf } from './incremental.ts';
import type { World } from './world.ts';

/** In this many turns, what follows a response has been sent. */
const TURNS = 12;

/** Yields the messages of a query for each order in which its subgraphs may respond. Slices of lists begin with one item. */
export async function* inEachOrder(world: World, query: string): AsyncGenerator<Message[], undefined> {
  const orders: (readonly number[])[] = [[]];
  for (const order of orders) {
    const { messages, open } = await inOrder(world, query, order);
    yield messages;
    for (let at = order.length; at < open.length; at++)
      for (let choice = 1; choice < (open[at] as number); choice++)
        orders.push([...order, ...Array<number>(at - order.length).fill(0), choice]);
  }
}

/**
 * Executes a query over subgraphs that respond one after the other.
 * @param order for each response, which of the open requests it is for; the first one where nothing is said
 * @returns the messages, and for each response how many requests were open
 */
async function inOrder(
  world: World,
  query: string,
  order: readonly number[],
): Promise<{ messages: Message[]; open: readonly number[] }> {
  const waiting: (() => void)[] = [];
  const held = ([name, source]: [string, Source]): [string, Source] => {
    const send: Source['send'] = (request, done) => void waiting.push(() => source.send(request, done));
    return [name, { ...source, send }];
  };
  const sources = new Map([...world.sources].map(held));
  const engine = createEngine({ supergraph: readSupergraph(world.supergraphSdl), sources, smallestSlice: 1 });
  let messages: Message[] | undefined;
  const result = messagesOf({ ...world, engine }, query).then((all) => {
    messages = all;
  });
  const open: number[] = [];
  for (;;) {
    for (let turns = 0; turns < TURNS; turns++) await setImmediate();
    if (waiting.length === 0) break;
    const [respond] = waiting.splice(order[open.length] ?? 0, 1);
    open.push(waiting.length + 1);
    respond?.();
  }
  await result;
  return { messages: messages ?? [], open };
}
