import { type Reads, reads, UNDECLARED, uniteReads } from '../client/depends-on.ts';

/**
 * A plugin of GraphQL Yoga or Envelop: an object with hooks, such as `onExecute` or `onResponse`. Yoga itself declares the hooks; the
 * types here do without it, so that a program which brings no plugin needs no types of Yoga.
 */
export type YogaPlugin = object & {
  /** What of a request the plugin reads. Without it, the plugin may read anything, and no response is shared. */
  readonly dependsOn?: PluginReads | undefined;
};

/** What a plugin reads of a request beside the operation and its variables. `{}` if it reads nothing. */
export interface PluginReads {
  /** Names of request headers; `cookie` stands for all cookies. */
  readonly headers?: readonly string[];
  /** Whether it reads who the client is: the token and its claims, the API key, the certificate or the session. */
  readonly identity?: boolean;
  /** Whether it reads the address of the client. */
  readonly address?: boolean;
}

/** Returns what plugins read. Throws a `TypeError` for a plugin whose `dependsOn` is not valid. */
export function readsOfPlugins(plugins: readonly YogaPlugin[]): Reads {
  return uniteReads(plugins.map(readsOfPlugin));
}

function readsOfPlugin(plugin: YogaPlugin, index: number): Reads {
  const { dependsOn } = plugin;
  if (dependsOn === undefined) return UNDECLARED;
  const problem = problemOf(dependsOn);
  if (problem !== undefined) {
    const { name } = plugin as { readonly name?: unknown };
    const which = typeof name === 'string' ? `"${name}"` : `number ${index + 1}`;
    throw new TypeError(
      `"dependsOn" of the Yoga plugin ${which}: ${problem}. Write what the plugin reads of a request: ` +
        '{ headers: ["x-tenant"], identity: true, address: true }, or {} if it reads nothing.',
    );
  }
  const { headers = [], identity = false, address = false } = dependsOn;
  return reads({ headers: headers.map((name) => name.toLowerCase()), identity, address });
}

/** Returns why a declaration is not valid; `undefined` if it is. */
export function problemOf(declared: unknown): string | undefined {
  if (typeof declared !== 'object' || declared === null || Array.isArray(declared)) return 'expected an object';
  for (const [key, value] of Object.entries(declared)) {
    if (key === 'headers') {
      if (!Array.isArray(value) || !value.every((name) => typeof name === 'string' && HEADER_NAME.test(name)))
        return '"headers" must be a list of names of headers';
    } else if (key !== 'identity' && key !== 'address') return `unknown key "${key}"`;
    else if (typeof value !== 'boolean') return `"${key}" must be true or false`;
  }
  return undefined;
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
