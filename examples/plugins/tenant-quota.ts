import { definePlugin, GatewayError } from 'headgate/plugin';

interface Config {
  /** Units that each tenant has in a window. */
  readonly units: number;
  /** Length of a window in seconds. */
  readonly seconds: number;
}

interface Account {
  used: number;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
  isLogged: boolean;
}

/** Accounts by tenant, in this process: with `--workers N`, a tenant has N times as much. */
const accounts = new Map<string, Account>();

/** From this number on, accounts of past windows are removed before one is added. */
const MAX_ACCOUNTS = 10_000;

/** Returns the account of a tenant in the current window. */
function accountOf(tenant: string, { seconds }: Config): Account {
  const now = Date.now();
  const current = accounts.get(tenant);
  if (current !== undefined && current.endsAt > now) return current;
  if (accounts.size >= MAX_ACCOUNTS)
    for (const [name, { endsAt }] of accounts) if (endsAt <= now) accounts.delete(name);
  const account = { used: 0, endsAt: now + seconds * 1_000, isLogged: false };
  accounts.set(tenant, account);
  return account;
}

/**
 * A quota for each tenant, the claim `tenant` of a token. A request costs one unit, and each fetch of its plan one more. Responses say in
 * `x-quota-remaining` what is left. Requests over the quota get 429 with `QUOTA_EXCEEDED` and `Retry-After`; the log has one line about
 * them for each tenant and window.
 */
export default definePlugin<Config>({
  name: 'tenant-quota',
  reads: { claims: true },
  configSchema: {
    parse(given) {
      const { units, seconds } = (given ?? {}) as Partial<Config>;
      if (!isPositive(units) || !isPositive(seconds)) throw new Error('expected { units: 1000, seconds: 3600 }');
      return { units, seconds };
    },
  },
  hooks: {
    // for each request, also for those that share an execution or get a cached response
    onAuthenticate({ request, context, config, log }) {
      const tenant = request.identity?.claims.tenant;
      if (typeof tenant !== 'string')
        throw new GatewayError(403, 'TENANT_REQUIRED', 'Send a token with the claim "tenant".');
      const account = accountOf(tenant, config);
      if (account.used >= config.units) {
        if (!account.isLogged) log.warn({ tenant, requestId: request.id }, 'quota used up');
        account.isLogged = true;
        const wait = Math.max(1, Math.ceil((account.endsAt - Date.now()) / 1_000));
        throw new GatewayError(429, 'QUOTA_EXCEEDED', `The quota of ${config.units} units is used up.`, {
          headers: { 'retry-after': String(wait), 'x-quota-remaining': '0' },
        });
      }
      account.used += 1;
      context.set('account', account);
    },
    onPlan({ plan, context }) {
      context.set('fetches', Number(context.get('fetches') ?? 0) + plan.fetches.length);
    },
    onResponse({ response, context, config }) {
      const account = context.get('account') as Account | undefined;
      if (account === undefined) return;
      account.used += Number(context.get('fetches') ?? 0);
      response.headers.set('x-quota-remaining', String(Math.max(0, config.units - account.used)));
    },
  },
});

function isPositive(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
