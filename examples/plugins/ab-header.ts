import { createHash } from 'node:crypto';
import { definePlugin } from 'headgate/plugin';

interface Config {
  readonly experiment: string;
  /** The share of users in group B, from 0 to 1. */
  readonly share: number;
}

/** Puts each user into group A or B, always the same one, and sends it to subgraphs and to the client as `x-group`. */
export default definePlugin<Config>({
  name: 'ab-header',
  reads: { claims: true },
  configSchema: {
    parse(given) {
      const { experiment, share } = (given ?? {}) as Partial<Config>;
      if (typeof experiment !== 'string') throw new Error('expected the name of an experiment');
      if (typeof share !== 'number' || share < 0 || share > 1) throw new Error('expected a share from 0 to 1');
      return { experiment, share };
    },
  },
  hooks: {
    onAuthenticate({ request, context, config: { experiment, share } }) {
      const user = request.identity?.subject ?? 'anonymous';
      const bytes = createHash('sha256').update(`${experiment} ${user}`).digest();
      context.set('group', bytes.readUInt32BE() / 2 ** 32 < share ? 'B' : 'A');
    },
    onFetch({ headers, context }) {
      headers.set('x-group', String(context.get('group')));
    },
    onResponse({ response, context }) {
      const group = context.get('group');
      if (typeof group === 'string') response.headers.set('x-group', group);
    },
  },
});
