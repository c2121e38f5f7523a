import { definePlugin } from 'headgate/plugin';

interface Config {
  /** The price of a fetch by subgraph; the others cost 1. */
  readonly prices: Readonly<Record<string, number>>;
}

/** Adds the header `x-cost` to responses: the sum of the prices of their fetches. A cached response of an endpoint has none. */
export default definePlugin<Config>({
  name: 'cost-header',
  reads: 'nothing',
  configSchema: {
    parse(given) {
      const { prices = {} } = (given ?? {}) as Partial<Config>;
      const isPriced = Object.values(prices).every((price) => typeof price === 'number');
      if (!isPriced) throw new Error('expected { prices: { products: 2 } }');
      return { prices };
    },
  },
  hooks: {
    onFetch({ subgraph, context, config }) {
      context.set('cost', Number(context.get('cost') ?? 0) + (config.prices[subgraph] ?? 1));
    },
    onResponse({ response, context }) {
      const cost = context.get('cost');
      if (cost !== undefined) response.headers.set('x-cost', String(cost));
    },
  },
});
