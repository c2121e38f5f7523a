import { type Reads, reads } from '../client/depends-on.ts';
import { acceptNothing } from './accept.ts';
import { callHooks, type Handler } from './call-hooks.ts';
import { HOOK_NAMES, type HookName, type PluginLog, type SchemaFacts } from './hooks.ts';
import type { Plugin } from './plugin.ts';
import { declaredReads, readsOfPlugins } from './plugin-reads.ts';

/** A plugin with its settings. */
export interface LoadedPlugin {
  readonly name: string;
  readonly plugin: Plugin;
  /** As `configSchema` returned it. */
  readonly config: unknown;
  /** How long an async hook may take, in milliseconds. */
  readonly timeoutMs: number;
  /** What a failed hook means: the error of its request, or nothing. */
  readonly onError: 'fail' | 'ignore';
  readonly log: PluginLog;
  /** The file that it was loaded from. */
  readonly file?: string | undefined;
}

/** The handlers of each hook, in the order of the plugins; `undefined` for a hook that nobody uses. */
export type ComposedHooks = { readonly [name in HookName]: readonly Handler[] | undefined };

/** The plugins of a gateway. A request keeps the set that it began with. */
export class PluginSet {
  readonly plugins: readonly LoadedPlugin[];
  readonly hooks: ComposedHooks;
  /** What the plugins read of requests. */
  readonly reads: Reads;
  /** Whether a plugin with `onTry` reads something of the request. */
  readonly separatesTries: boolean;
  /** What each plugin may read; `undefined` where it does not declare it. */
  readonly declared: readonly (Reads | undefined)[];

  /** The hooks of requests whose stages are recorded as spans: some plugin, or none, observes stages. */
  readonly observedHooks: ComposedHooks;

  /** Digest of the plugins' files. */
  readonly digest: string;

  constructor(plugins: readonly LoadedPlugin[], digest = '') {
    this.plugins = plugins;
    this.digest = digest;
    this.reads = readsOfPlugins(plugins.map(({ plugin }) => plugin));
    this.declared = plugins.map(({ plugin: { reads: declared } }) => {
      if (declared === undefined) return undefined;
      return declared === 'nothing' ? reads({}) : declaredReads(declared);
    });
    this.separatesTries = plugins.some(({ plugin: { reads, hooks } }) => hooks.onTry && reads !== 'nothing');
    this.hooks = Object.fromEntries(HOOK_NAMES.map((hook) => [hook, handlersOf(hook, plugins)])) as ComposedHooks;
    this.observedHooks = { ...this.hooks, onStage: this.hooks.onStage ?? [] };
  }

  /** Calls `onSchemaChange`. Never rejects: a plugin that fails is logged. */
  schemaChanged(facts: SchemaFacts): Promise<void> {
    return this.#callAll(this.hooks.onSchemaChange, facts);
  }

  /** Calls `onShutdown`. Never rejects: a plugin that fails is logged. */
  shutDown(): Promise<void> {
    return this.#callAll(this.hooks.onShutdown, {});
  }

  async #callAll(handlers: readonly Handler[] | undefined, facts: object): Promise<void> {
    for (const handler of handlers ?? []) {
      const { config, log } = handler.plugin;
      try {
        await callHooks([handler], () => ({ ...facts, config, log }), acceptNothing);
      } catch {
        // it is logged, and there is no request to fail
      }
    }
  }
}

function handlersOf(hook: HookName, plugins: readonly LoadedPlugin[]): readonly Handler[] | undefined {
  const handlers = plugins.flatMap((plugin, index): Handler[] => {
    const { hooks } = plugin.plugin;
    // the object is `this` of its hooks
    return hooks[hook] === undefined ? [] : [{ plugin, index, hook, call: hooks[hook].bind(hooks) as Handler['call'] }];
  });
  return handlers.length === 0 ? undefined : handlers;
}
