import { watch } from 'chokidar';

/** One save often makes several events; they are taken together for this long. */
const SETTLE_MS = 100;

/** Calls `changed` after files under `dir` were added, changed or removed. Resolves with what ends it, once it watches. */
export async function watchFolder(dir: string, changed: () => void): Promise<() => Promise<void>> {
  const watcher = watch(dir, { ignoreInitial: true });
  let timer: NodeJS.Timeout | undefined;
  watcher.on('all', () => {
    clearTimeout(timer);
    timer = setTimeout(changed, SETTLE_MS);
  });
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}
