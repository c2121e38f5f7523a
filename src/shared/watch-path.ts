import { type BigIntStats, type FSWatcher, watch } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { entriesBelow, type FoundEntry, isForbidden, isGone } from './files-below.ts';

export interface Watching {
  close(): Promise<void>;
}

/**
 * An event of the watched path itself. `replaced`: it is another folder now. `polled`: the system reports no changes of it for now, so
 * it is checked every {@link POLL_MS} only. `watched`: the system reports changes again.
 */
export type PathEvent = 'gone' | 'back' | 'replaced' | 'polled' | 'watched';

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
  readonly onEvent?: ((event: PathEvent, reason?: string) => void) | undefined;
  /** Watches one folder for events. By default `fs.watch`. */
  readonly watchFolder?: WatchFolder | undefined;
  /** Time between checks, in milliseconds. Default {@link POLL_MS}. */
  readonly pollMs?: number | undefined;
  /** After this time a folder that could not be watched is tried again, in milliseconds. Default 10,000. */
  readonly retryMs?: number | undefined;
}

/** A part of the signature of `fs.watch`. */
export type WatchFolder = (
  folder: string,
  options: { readonly persistent: false },
  listener: (event: string, name: string | null) => void,
) => FSWatcher;

/** In milliseconds. Long enough for the several writes of an editor's save, or for copying a small folder. */
const QUIET_MS = 100;
/** Events within this time cause one check. */
const DEBOUNCE_MS = 20;
/** For changes without events: network file systems, and links higher up that change. */
export const POLL_MS = 2_000;
/** A folder that could not be watched is tried again after this time. */
const RETRY_MS = 10_000;

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

/**
 * Returns the state of a file, or of the files of a folder that count: equal if nothing has changed. `undefined` if the path does not
 * exist.
 */
export async function stateOfPath(path: string, counts?: WatchOptions['counts']): Promise<string | undefined> {
  const root = await stat(path, { bigint: true }).catch(() => undefined);
  if (!root?.isDirectory()) return root && stateOf(root);
  return stateOfFiles(await entriesOf(path), counts);
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
  /** When to try again to watch folders for which that failed. */
  readonly #retryAt = new Map<string, number>();
  /** Whether an error was reported, and nothing has recovered since. */
  #isPolled = false;
  #closed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#path = resolve(options.path);
  }

  async start(): Promise<void> {
    // the path may change between the first check and the first watcher
    for (let check = 0; check < 2; check++) {
      this.#seen = (await this.#checkedSnapshot()) ?? this.#seen;
      this.#watch(this.#seen);
    }
    this.#poll = setInterval(() => this.#look(), this.#options.pollMs ?? POLL_MS).unref();
  }

  /** Returns `undefined`, and reports it, if the folder cannot be read right now: that must not look like a change. */
  async #checkedSnapshot(): Promise<Snapshot | undefined> {
    try {
      return await this.#snapshot();
    } catch (error) {
      this.#reportPolled(error);
      return undefined;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#gather);
    clearTimeout(this.#quiet);
    clearInterval(this.#poll);
    // a check that hangs, as on a network file system, must not hold up the end
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
    const now = await this.#checkedSnapshot();
    if (this.#closed || now === undefined) return;
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
    const now = performance.now();
    for (const [folder, { id, names }] of folders) {
      if (this.#watchers.has(folder) || (this.#retryAt.get(folder) ?? 0) > now) continue;
      const watcher = this.#open(folder, names);
      if (!watcher) continue;
      this.#watchers.set(folder, { id, watcher });
      this.#retryAt.delete(folder);
    }
    for (const folder of this.#retryAt.keys()) if (!folders.has(folder)) this.#retryAt.delete(folder);
    if (!this.#isPolled || this.#retryAt.size > 0) return;
    this.#isPolled = false;
    this.#options.onEvent?.('watched');
  }

  /** Returns `undefined` if the system allows no further watchers; regular checks must be enough then. */
  #open(folder: string, names: ReadonlySet<string> | undefined): FSWatcher | undefined {
    const { watchFolder = watch } = this.#options;
    try {
      const watcher = watchFolder(folder, { persistent: false }, (_, name) => {
        if (name !== null && names !== undefined && !names.has(name) && name !== basename(folder)) return;
        this.#gather ??= setTimeout(this.#look, DEBOUNCE_MS);
      });
      watcher.on('error', (error) => {
        watcher.close();
        if (this.#watchers.get(folder)?.watcher === watcher) this.#watchers.delete(folder);
        if (!this.#closed) this.#failed(folder, error);
      });
      return watcher;
    } catch (error) {
      this.#failed(folder, error);
      return undefined;
    }
  }

  /** Reports the first of several errors. A folder that was removed meanwhile is no error. */
  #failed(folder: string, error: unknown): void {
    if (isGone(error)) return;
    this.#retryAt.set(folder, performance.now() + (this.#options.retryMs ?? RETRY_MS));
    this.#reportPolled(error);
  }

  #reportPolled(error: unknown): void {
    if (this.#isPolled || this.#closed) return;
    this.#isPolled = true;
    const { code, message } = error as NodeJS.ErrnoException;
    this.#options.onEvent?.('polled', code ?? message);
  }

  async #snapshot(): Promise<Snapshot> {
    const folders = new Map<string, { id: string; names?: Set<string> }>();
    await this.#addAbove(folders);
    const root = await stat(this.#path, { bigint: true }).catch(() => undefined);
    if (root === undefined) return { state: undefined, folder: undefined, folders };
    if (!root.isDirectory()) return { state: stateOf(root), folder: undefined, folders };
    const entries = await entriesOf(this.#path);
    folders.set(this.#path, { id: idOf(root) });
    for (const { path, stats } of entries) if (stats?.isDirectory()) folders.set(path, { id: idOf(stats) });
    return { state: stateOfFiles(entries, this.#options.counts), folder: idOf(root), folders };
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

/** Returns the entries of a folder; none where it was removed meanwhile or may not be read. Rejects with other errors. */
async function entriesOf(path: string): Promise<FoundEntry[]> {
  try {
    return await entriesBelow(path);
  } catch (error) {
    if (isGone(error) || isForbidden(error)) return [];
    throw error;
  }
}

function stateOfFiles(entries: readonly FoundEntry[], counts: WatchOptions['counts']): string {
  const files = entries.filter(({ name, stats }) => !stats?.isDirectory() && (counts?.(name) ?? true));
  return files.map(({ path, stats }) => `${path} ${stats ? stateOf(stats) : 'broken link'}`).join('\n');
}

/** Includes the birth time, since the inode of a removed file is soon reused. */
function idOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}

function stateOf(stats: BigIntStats): string {
  return `${idOf(stats)} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}
