import { displayPath } from '../config/display-path.ts';
import type { PathEvent } from '../shared/watch-path.ts';
import type { Logger } from './logger.ts';

/** Returns a listener that logs what happens to a watched path itself. */
export function logPathEvents(logger: Logger, path: string): (event: PathEvent) => void {
  const fields = { path: displayPath(path) };
  return (event) => {
    if (event === 'gone') logger.warn(fields, 'the watched path is gone; the last good version keeps serving');
    else if (event === 'back') logger.info(fields, 'the watched path is back');
    else logger.info(fields, 'the watched folder was replaced');
  };
}
