import { basename, dirname, resolve } from 'node:path';
import { watch } from 'chokidar';

export interface Watching {
  close(): Promise<void>;
}

/** Long enough for an editor's several writes of one save, short enough to feel at once. */
const QUIET_MS = 80;

/**
 * Calls `onChange` once things are quiet after files of the folder were added, changed or removed. That includes
 * editors that write a second file and rename it, and the symlink swap by which Kubernetes updates a mounted
 * ConfigMap (`..data` then points to another folder; the files are links through it).
 * Resolves when changes from now on are seen.
 */
export function watchSchemas(dir: string, onChange: () => void): Promise<Watching> {
  return watchFolder(dir, (name) => name.endsWith('.graphql') || isMountedData(name), onChange);
}

/** The same for one file. It is its folder that is watched, so the file may be replaced, or be absent for a while. */
export function watchFile(file: string, onChange: () => void): Promise<Watching> {
  const watched = basename(file);
  return watchFolder(dirname(file), (name) => name === watched || isMountedData(name), onChange);
}

async function watchFolder(dir: string, concerns: (name: string) => boolean, onChange: () => void): Promise<Watching> {
  let quiet: NodeJS.Timeout | undefined;
  const root = resolve(dir);
  const watcher = watch(root, {
    ignoreInitial: true,
    ignored: (path) => path !== root && !concerns(basename(path)),
    depth: 0,
  });
  watcher.on('all', () => {
    clearTimeout(quiet);
    quiet = setTimeout(onChange, QUIET_MS);
  });
  await new Promise<void>((ready) => watcher.once('ready', () => ready()));
  return {
    close() {
      clearTimeout(quiet);
      return watcher.close();
    },
  };
}

/** `..data` and the dated folders beside it, as the kubelet writes them. */
function isMountedData(name: string): boolean {
  return name.startsWith('..');
}
