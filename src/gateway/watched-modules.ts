import { filesOfModule } from '../shared/relative-imports.ts';
import { type Watching, watchPath } from '../shared/watch-path.ts';
import { logPathEvents } from '../telemetry/log-path-events.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Watches modules, and the files that they import by relative paths. */
export class WatchedModules {
  readonly #modules: readonly string[];
  readonly #changed: () => void;
  readonly #logger: Logger;
  readonly #watching = new Map<string, Watching>();
  #isClosed = false;

  constructor(modules: readonly string[], changed: () => void, logger: Logger) {
    this.#modules = modules;
    this.#changed = changed;
    this.#logger = logger;
  }

  /** Watches the files that the modules have now. To be called after each change. */
  async update(): Promise<void> {
    const files = new Set((await Promise.all(this.#modules.map(filesOfModule))).flat());
    if (this.#isClosed) return;
    for (const [path, one] of this.#watching) {
      if (files.has(path)) continue;
      this.#watching.delete(path);
      await one.close();
    }
    for (const path of files) if (!this.#watching.has(path)) await this.#watch(path);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#watching.values()].map((one) => one.close()));
  }

  async #watch(path: string): Promise<void> {
    const onChange = (exists: boolean) => exists && this.#changed();
    const watching = await watchPath({ path, onChange, onEvent: logPathEvents(this.#logger, path) });
    if (this.#isClosed) return watching.close();
    this.#watching.set(path, watching);
  }
}
