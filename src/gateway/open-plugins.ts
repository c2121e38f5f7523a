import type { GraphQLSchema } from 'graphql';
import type { Reads } from '../client/depends-on.ts';
import type { PluginSection } from '../config/sections/plugins.ts';
import type { Plugin } from '../plugins/plugin.ts';
import { PluginSet } from '../plugins/plugin-set.ts';
import { watchPath } from '../shared/watch-path.ts';
import { logPathEvents } from '../telemetry/log-path-events.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type GivenPlugin, loadPlugins, readGivenPlugins } from './load-plugins.ts';

/** Where there are none, stages of recorded requests are observed all the same. */
export const NO_PLUGINS = new PluginSet([]);

export interface PluginOptions {
  readonly sections: readonly PluginSection[];
  /** Plugins that a program passes; they come first. */
  readonly given?: readonly (Plugin | GivenPlugin)[] | undefined;
  /** Loads the files again when they change. */
  readonly dev: boolean;
  readonly logger: Logger;
}

/** The plugins of a gateway, and what reloads them. */
export interface OpenPlugins {
  /** Returns the plugins that new requests begin with. */
  readonly current: () => PluginSet;
  /** Returns what plugins read, for an engine that is built now. */
  readonly reads: () => Reads;
  /** Calls `onSchemaChange`, without waiting. */
  schemaChanged(schema: GraphQLSchema): void;
  /**
   * Sets what is called with changed plugins before requests begin with them: what is cached for the former ones is dropped then.
   * Resolves with the public schema.
   */
  beforeReload(prepare: () => Promise<GraphQLSchema | undefined>): void;
  /** Calls `onShutdown`. */
  close(): Promise<void>;
}

/** Loads the plugins; `undefined` if there are none. Throws `ConfigValueError`. */
export async function openPlugins(options: PluginOptions): Promise<OpenPlugins | undefined> {
  const { sections, given = [], dev, logger } = options;
  if (sections.length === 0 && given.length === 0) return undefined;
  const load = async () =>
    new PluginSet([...(await readGivenPlugins(given, logger)), ...(await loadPlugins(sections, logger))]);
  const state = new ReloadedPlugins(await load(), load, logger);
  const files = dev ? [...new Set(sections.map(({ path }) => path))] : [];
  const onChange = (exists: boolean) => exists && state.reload();
  const watching = await Promise.all(
    files.map((path) => watchPath({ path, onChange, onEvent: logPathEvents(logger, path) })),
  );
  return {
    current: () => state.current,
    reads: () => state.next.reads,
    schemaChanged: (schema) => void state.current.schemaChanged(schema),
    beforeReload: (prepare) => {
      state.prepare = prepare;
    },
    close: async () => {
      await Promise.all(watching.map((one) => one.close()));
      await state.close();
    },
  };
}

class ReloadedPlugins {
  current: PluginSet;
  /** The set that becomes the current one, while it is prepared. */
  next: PluginSet;
  prepare: () => Promise<GraphQLSchema | undefined> = async () => undefined;
  readonly #load: () => Promise<PluginSet>;
  readonly #logger: Logger;
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(first: PluginSet, load: () => Promise<PluginSet>, logger: Logger) {
    this.current = first;
    this.next = first;
    this.#load = load;
    this.#logger = logger;
  }

  /** Loads the plugins again, one reload after the other. Keeps the previous ones where that fails. */
  reload(): void {
    this.#last = this.#last.then(() => this.#reload());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
    await this.current.shutDown();
  }

  async #reload(): Promise<void> {
    if (this.#isClosed) return;
    const before = this.current;
    try {
      this.next = await this.#load();
      const schema = await this.prepare();
      this.current = this.next;
      this.#logger.info({ plugins: this.current.plugins.map(({ name }) => name) }, 'plugins reloaded');
      if (schema) void this.current.schemaChanged(schema);
    } catch (err) {
      this.next = before;
      this.#logger.error({ err }, 'the plugins cannot be reloaded; keeping the previous ones');
      return;
    }
    await before.shutDown();
  }
}
