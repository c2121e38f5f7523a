import type { Reads } from '../client/depends-on.ts';
import type { CoprocessorSection } from '../config/sections/coprocessor.ts';
import type { PluginSection } from '../config/sections/plugins.ts';
import type { SchemaFacts } from '../plugins/hooks.ts';
import type { Plugin } from '../plugins/plugin.ts';
import { PluginSet } from '../plugins/plugin-set.ts';
import { digestOfModules } from '../shared/relative-imports.ts';
import type { Logger } from '../telemetry/logger.ts';
import { coprocessorPlugin, type GivenPlugin, loadPlugins, readGivenPlugins } from './load-plugins.ts';
import { logStrayRejections } from './stray-rejections.ts';
import { WatchedModules } from './watched-modules.ts';

/** Where there are none, stages of recorded requests are observed all the same. */
export const NO_PLUGINS = new PluginSet([]);

export interface PluginOptions {
  readonly sections: readonly PluginSection[];
  /** Plugins that a program passes; they come first. */
  readonly given?: readonly (Plugin | GivenPlugin)[] | undefined;
  /** The coprocessor, which comes last. */
  readonly coprocessor?: CoprocessorSection | undefined;
  /** Whether no other code runs in the process, so that a stray rejection may be logged in place of ending it. */
  readonly ownsProcess?: boolean | undefined;
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
  /** Returns whether plugins read the responses of fetches, for an engine that is built now. */
  readonly readsResponses: () => boolean;
  /** Returns the digest of the plugins' files and of their relative imports, for an engine that is built now. */
  readonly digest: () => string;
  /** Calls `onSchemaChange`, without waiting. */
  schemaChanged(facts: SchemaFacts): void;
  /**
   * Sets what is called with changed plugins before requests begin with them: what is cached for the former ones is dropped then.
   * Resolves with the current schema.
   */
  beforeReload(prepare: () => Promise<SchemaFacts | undefined>): void;
  /** Calls `onShutdown`. */
  close(): Promise<void>;
}

/** Loads the plugins; `undefined` if there are none. Throws `ConfigValueError`. */
export async function openPlugins(options: PluginOptions): Promise<OpenPlugins | undefined> {
  const { sections, given = [], coprocessor, dev, ownsProcess, logger } = options;
  if (sections.length === 0 && given.length === 0 && coprocessor === undefined) return undefined;
  const files = sections.map(({ path }) => path);
  const load = async () =>
    new PluginSet(
      [
        ...(await readGivenPlugins(given, logger)),
        ...(await loadPlugins(sections, logger)),
        ...(coprocessor ? [coprocessorPlugin(coprocessor, logger)] : []),
      ],
      await digestOfModules(files),
    );
  const state = new ReloadedPlugins(await load(), load, logger);
  const stopLogging = ownsProcess && sections.length > 0 ? logStrayRejections(logger) : undefined;
  const watching = dev ? new WatchedModules(files, () => state.reload(), logger) : undefined;
  await watching?.update();
  state.afterReload = () => watching?.update();
  return {
    current: () => state.current,
    reads: () => state.next.reads,
    readsResponses: () => state.next.hooks.onFetchResponse !== undefined,
    digest: () => state.next.digest,
    schemaChanged: (facts) => void state.current.schemaChanged(facts),
    beforeReload: (prepare) => {
      state.prepare = prepare;
    },
    close: async () => {
      await watching?.close();
      await state.close();
      stopLogging?.();
    },
  };
}

class ReloadedPlugins {
  current: PluginSet;
  /** The set that becomes the current one, while it is prepared. */
  next: PluginSet;
  prepare: () => Promise<SchemaFacts | undefined> = async () => undefined;
  /** Called after each attempt to load the plugins again. */
  afterReload: () => Promise<void> | undefined = () => undefined;
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
    this.#last = this.#last.then(() => this.#reload()).then(() => this.afterReload());
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
