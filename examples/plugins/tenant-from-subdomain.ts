import { definePlugin, GatewayError } from 'headgate/plugin';

interface Config {
  /** The domain below which each tenant has a subdomain: `shop.example`. */
  readonly domain: string;
}

/** Sends the tenant of a request to subgraphs as `x-tenant`: `acme` for `https://acme.shop.example/graphql`. */
export default definePlugin<Config>({
  name: 'tenant-from-subdomain',
  reads: { headers: ['host'] },
  configSchema: {
    parse(given) {
      const { domain } = (given ?? {}) as Partial<Config>;
      if (typeof domain !== 'string' || domain === '') throw new Error('expected { domain: "shop.example" }');
      return { domain };
    },
  },
  hooks: {
    onRequest({ request, context, config }) {
      const [host = ''] = (request.headers.get('host') ?? '').toLowerCase().split(':');
      const tenant = host.endsWith(`.${config.domain}`) ? host.slice(0, -config.domain.length - 1) : '';
      if (tenant === '' || tenant.includes('.'))
        throw new GatewayError(404, 'UNKNOWN_TENANT', `Send the request to TENANT.${config.domain}.`);
      context.set('tenant', tenant);
    },
    onFetch({ context, headers }) {
      headers.set('x-tenant', String(context.get('tenant')));
    },
  },
});
