import { setImmediate } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { ConfigValueError } from '../config/config-value-error.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { invalidDocuments } from '../policy/persisted/invalid-documents.ts';
import { type ManifestDocument, readManifestDocuments } from '../policy/persisted/manifests.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Gateway } from './generations.ts';

/** Documents to validate before yielding to the event loop. */
const AT_ONCE = 20;
/** The most problems in one line of the log. */
const MAX_LOGGED = 20;

/** Logs documents of the manifests that are invalid for the current schema: requests for them are refused. Never rejects. */
export async function warnAboutDocuments(
  { persisted_queries }: Config,
  gateway: Gateway,
  logger: Logger,
): Promise<void> {
  const engine = gateway.engine();
  if (engine === undefined || !persisted_queries.enabled) return;
  const problems: Problem[] = [];
  const registered = readable(persisted_queries.manifest);
  for (let at = 0; at < registered.length; at += AT_ONCE) {
    await setImmediate();
    if (gateway.engine() !== engine) return;
    problems.push(...invalidDocuments(registered.slice(at, at + AT_ONCE), engine.publicSchema));
  }
  if (problems.length === 0) return;
  const shown = problems.slice(0, MAX_LOGGED).map(formatProblem);
  logger.warn(
    { count: problems.length, problems: shown },
    'documents of persisted_queries.manifest do not match the schema',
  );
}

/** Returns the documents; none when a manifest is unreadable right now, which is logged where it is used. */
function readable(manifest: readonly string[]): readonly ManifestDocument[] {
  try {
    return readManifestDocuments(manifest);
  } catch (error) {
    if (error instanceof ConfigValueError) return [];
    throw error;
  }
}
