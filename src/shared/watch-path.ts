import { type BigIntStats, type FSWatcher, watch } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { entriesBelow } from './files-below.ts';

export interface Watching {
  close(): Promise<void>;
}

/** An event of the watched path itself. `replaced`: it is another folder now. */
export type PathEvent = 'gone' | 'back' | 'replaced';

export interface WatchOptions {
  /** A file, or a folder with everything below it. It need not exist yet. */
  readonly path: string;
  /** Which files of a folder count, by their names. Default: all. */
  readonly counts?: (name: string) => boolean;
  /**
   * Called after something was added, changed or removed, once there are no further changes for a moment.
   * @param exists whether the path exists
   */
  readonly onChange: (exists: boolean) => void;
  readonly onEvent?: ((event: PathEvent) => void) | undefined;
}

/** In milliseconds. Long enough for the several writes of an editor's save, or for copying a small folder. */
const QUIET_MS = 100;
/** Events within this time cause one check. */
const DEBOUNCE_MS = 20;
/** For changes without events: network file systems, and links higher up that change. */
const POLL_MS = 2_000;

/** The state of a path at one moment. */
interface Snapshot {
  /** Equal if nothing has changed; `undefined` if the path does not exist. */
  readonly state: string | undefined;
  /** The folder at the path, by device and inode; `undefined` for a file. */
  readonly folder: string | undefined;
  /** What to watch for events: each folder with its identity, and the names that count in it (default: all). */
  readonly folders: ReadonlyMap<string, { readonly id: string; readonly names?: ReadonlySet<string> }>;
}

/**
 * Watches a path, not the file or folder that is there now. The path may be removed and created again, moved, or be a link that
 * changes its target, as with deploy tools and Kubernetes. File system events make it fast, and regular checks make it reliable.
 * Resolves when all later changes are detected.
 */
export async function watchPath(options: WatchOptions): Promise<Watching> {
  const watcher = new PathWatcher(options);
  await watcher.start();
  return watcher;
}

class PathWatcher implements Watching {
  readonly #options: WatchOptions;
  readonly #path: string;
  readonly #watchers = new Map<string, { readonly id: string; readonly watcher: FSWatcher }>();
  #seen: Snapshot = { state: undefined, folder: undefined, folders: new Map() };
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #gather: NodeJS.Timeout | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#path = resolve(options.path);
  }

  async start(): Promise<void> {
    const first = await this.#snapshot();
    this.#watch(first);
    // the path may have changed between the first check and the first watcher
    this.#seen = await this.#snapshot();
    this.#watch(this.#seen);
    this.#poll = setInterval(() => this.#look(), POLL_MS).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#gather);
    clearTimeout(this.#quiet);
    clearInterval(this.#poll);
    await this.#looking;
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  readonly #look = (): void => {
    this.#gather = undefined;
    if (this.#closed) return;
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#compare().finally(() => {
      this.#looking = undefined;
      if (!this.#lookAgain) return;
      this.#lookAgain = false;
      this.#look();
    });
  };

  async #compare(): Promise<void> {
    const now = await this.#snapshot();
    if (this.#closed) return;
    const before = this.#seen;
    this.#seen = now;
    this.#watch(now);
    const event = eventBetween(before, now);
    if (event) this.#options.onEvent?.(event);
    if (before.state === now.state) return;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => void this.#settle(now), QUIET_MS);
  }

  /** Reports the change, unless another change follows, which then reports. */
  async #settle(changed: Snapshot): Promise<void> {
    await this.#looking;
    if (this.#closed || this.#seen.state !== changed.state) return;
    this.#options.onChange(changed.state !== undefined);
  }

  #watch({ folders }: Snapshot): void {
    for (const [folder, { id, watcher }] of this.#watchers) {
      if (folders.get(folder)?.id === id) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const [folder, { id, names }] of folders) {
      if (this.#watchers.has(folder)) continue;
      const watcher = this.#open(folder, names);
      if (watcher) this.#watchers.set(folder, { id, watcher });
    }
  }

  /** Returns `undefined` if the system allows no further watchers; regular checks must be enough then. */
  #open(folder: string, names: ReadonlySet<string> | undefined): FSWatcher | undefined {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name !== null && names !== undefined && !names.has(name) && name !== basename(folder)) return;
        this.#gather ??= setTimeout(this.#look, DEBOUNCE_MS);
      });
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(folder);
        this.#gather ??= setTimeout(this.#look, DEBOUNCE_MS);
      });
      return watcher;
    } catch {
      return undefined;
    }
  }

  async #snapshot(): Promise<Snapshot> {
    const folders = new Map<string, { id: string; names?: Set<string> }>();
    await this.#addAbove(folders);
    const root = await stat(this.#path, { bigint: true }).catch(() => undefined);
    if (root === undefined) return { state: undefined, folder: undefined, folders };
    if (!root.isDirectory()) return { state: stateOf(root), folder: undefined, folders };
    const entries = await entriesBelow(this.#path).catch(() => []);
    const files: string[] = [];
    folders.set(this.#path, { id: idOf(root) });
    for (const { path, name, stats } of entries) {
      if (stats?.isDirectory()) folders.set(path, { id: idOf(stats) });
      else if (this.#options.counts?.(name) ?? true) files.push(`${path} ${stats ? stateOf(stats) : 'broken link'}`);
    }
    return { state: files.join('\n'), folder: idOf(root), folders };
  }

  /** Adds the folders that contain the path, each link on the way to it, and its target. */
  async #addAbove(folders: Map<string, { id: string; names?: Set<string> }>): Promise<void> {
    const real = await realpath(this.#path).catch(() => this.#path);
    const steps = [this.#path, real];
    for (let step = dirname(this.#path); step !== dirname(step); step = dirname(step)) {
      const stats = await lstat(step).catch(() => undefined);
      if (stats === undefined || stats.isSymbolicLink()) steps.push(step);
    }
    for (const step of steps) {
      const folder = dirname(step);
      const stats = await stat(folder, { bigint: true }).catch(() => undefined);
      if (stats === undefined) continue;
      const known = folders.get(folder);
      if (known) known.names?.add(basename(step));
      // Kubernetes swaps a mounted ConfigMap with the link `..data`
      else folders.set(folder, { id: idOf(stats), names: new Set([basename(step), '..data']) });
    }
  }
}

function eventBetween(before: Snapshot, now: Snapshot): PathEvent | undefined {
  if (before.state === undefined) return now.state === undefined ? undefined : 'back';
  if (now.state === undefined) return 'gone';
  return before.folder !== undefined && now.folder !== undefined && before.folder !== now.folder
    ? 'replaced'
    : undefined;
}

/** Includes the birth time, since the inode of a removed file is soon reused. */
function idOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}

function stateOf(stats: BigIntStats): string {
  return `${idOf(stats)} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}
