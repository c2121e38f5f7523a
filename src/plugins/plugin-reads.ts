import { NOTHING, type Reads, reads, UNDECLARED, uniteReads } from '../client/depends-on.ts';
import { HOOK_NAMES } from './hooks.ts';
import type { Plugin } from './plugin.ts';

/** What a plugin reads of a request beside the operation and its variables. */
export interface PluginReads {
  /** Names of request headers. */
  readonly headers?: readonly string[];
  /** Whether it reads cookies. */
  readonly cookies?: boolean;
  /** Whether it reads who the client is: the claims of its token, its API key, certificate or session. */
  readonly claims?: boolean;
  /** Whether it reads the address of the client. */
  readonly address?: boolean;
}

/** Hooks that see no request, or only observe. What a plugin with only these reads does not matter. */
const APART: ReadonlySet<string> = new Set(['onSchemaChange', 'onShutdown', 'onStage']);

/** Returns what the hooks of plugins read of a request. */
export function readsOfPlugins(plugins: readonly Plugin[]): Reads {
  const parts = plugins.map(readsOfPlugin).filter((part) => part !== NOTHING);
  return parts.length === 0 ? NOTHING : uniteReads(parts);
}

function readsOfPlugin({ reads: declared, hooks }: Plugin): Reads {
  // not `Object.keys`: the hooks may be methods of a class
  if (HOOK_NAMES.every((name) => APART.has(name) || hooks[name] === undefined)) return NOTHING;
  if (declared === undefined) return UNDECLARED;
  return declared === 'nothing' ? NOTHING : declaredReads(declared);
}

/** Returns what a declaration covers. */
export function declaredReads({ headers = [], cookies, claims, address }: PluginReads): Reads {
  const names = headers.map((name) => name.toLowerCase());
  if (cookies) names.push('cookie');
  return reads({ headers: names, identity: claims ?? false, address: address ?? false });
}

/** Returns why a declaration is not valid; `undefined` if it is. */
export function problemOfReads(declared: unknown): string | undefined {
  if (declared === undefined || declared === 'nothing') return undefined;
  if (typeof declared !== 'object' || declared === null || Array.isArray(declared))
    return `expected 'nothing' or an object such as { headers: ['x-tenant'], claims: true }`;
  for (const [key, value] of Object.entries(declared)) {
    if (key === 'headers') {
      if (!Array.isArray(value) || !value.every((name) => typeof name === 'string' && HEADER_NAME.test(name)))
        return '"headers" must be a list of names of headers';
    } else if (key !== 'cookies' && key !== 'claims' && key !== 'address') return `unknown key "${key}"`;
    else if (typeof value !== 'boolean') return `"${key}" must be true or false`;
  }
  return undefined;
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
