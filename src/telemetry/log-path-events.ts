import { displayPath } from '../config/display-path.ts';
import { type PathEvent, POLL_MS } from '../shared/watch-path.ts';
import type { Logger } from './logger.ts';

const POLLED = `the system cannot report changes of the watched path; it is checked every ${POLL_MS / 1000} seconds until it can`;

/** Returns a listener that logs events of a watched path. */
export function logPathEvents(logger: Logger, path: string): (event: PathEvent, reason?: string) => void {
  const fields = { path: displayPath(path) };
  return (event, reason) => {
    if (event === 'gone') logger.warn(fields, 'the watched path was removed; keeping the last good version');
    else if (event === 'back') logger.info(fields, 'the watched path is back');
    else if (event === 'polled') logger.warn({ ...fields, reason }, POLLED);
    else if (event === 'watched') logger.info(fields, 'the system reports changes of the watched path again');
    else logger.info(fields, 'the watched folder was replaced');
  };
}
