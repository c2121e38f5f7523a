import type { Config } from '../config/config.ts';
import { ConfigValueError } from '../config/config-value-error.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import type { Engine } from '../pipeline/engine.ts';
import { type DocumentLimits, documentLimits } from '../policy/limits/document-limits.ts';
import { invalidDocuments } from '../policy/persisted/invalid-documents.ts';
import { type ManifestDocument, readManifestDocuments } from '../policy/persisted/manifests.ts';
import { runInSlices, type Steps } from '../shared/steps.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Gateway } from './generations.ts';

/** The most problems in one line of the log. */
const MAX_LOGGED = 20;

/**
 * Logs documents of the manifests that are invalid for the current schema, or exceed limits: requests for them are refused. Never
 * rejects.
 */
export async function warnAboutDocuments(
  { persisted_queries, limits }: Config,
  gateway: Gateway,
  logger: Logger,
): Promise<void> {
  const engine = gateway.engine();
  if (engine === undefined || !persisted_queries.enabled) return;
  const found = problemsOf(readable(persisted_queries.manifest), documentLimits(limits), engine, gateway);
  const problems = await runInSlices(found, undefined, 1);
  if (problems.length === 0) return;
  const shown = problems.slice(0, MAX_LOGGED).map(formatProblem);
  logger.warn(
    { count: problems.length, problems: shown },
    'documents of persisted_queries.manifest do not match the schema or exceed limits: requests for them are refused',
  );
}

/** Validates documents, one in each step, as long as the engine is the current one. */
function* problemsOf(
  registered: readonly ManifestDocument[],
  limits: DocumentLimits,
  engine: Engine,
  gateway: Gateway,
): Steps<Problem[]> {
  const problems: Problem[] = [];
  for (const document of registered) {
    yield;
    if (gateway.engine() !== engine) return [];
    problems.push(...invalidDocuments([document], engine.publicSchema, limits));
  }
  return problems;
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
