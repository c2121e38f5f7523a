import { displayPath } from '../config/display-path.ts';
import type { PathEvent } from '../shared/watch-path.ts';
import type { Logger } from './logger.ts';

/** Returns a listener that logs events of a watched path. */
export function logPathEvents(logger: Logger, path: string): (event: PathEvent) => void {
  const fields = { path: displayPath(path) };
  return (event) => {
    if (event === 'gone') logger.warn(fields, 'the watched path was removed; keeping the last good version');
    else if (event === 'back') logger.info(fields, 'the watched path is back');
    else logger.info(fields, 'the watched folder was replaced');
  };
}
