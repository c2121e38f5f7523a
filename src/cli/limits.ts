import { loadSupergraph } from '../composition/load-supergraph.ts';
import { CompositionError } from '../composition/supergraph-provider.ts';
import { loadConfig } from '../config/load-config.ts';
import { ExplainError, explainedOperation } from '../pipeline/explain.ts';
import { explainLimits } from '../policy/rate-limits/explain.ts';
import { readSupergraph } from '../supergraph/supergraph.ts';
import { inFile, readVariables } from './plan.ts';
import { readGivenText } from './read-given-file.ts';
import { originOf, type SchemaSourceFlags } from './schema-source.ts';

export interface LimitsFlags extends SchemaSourceFlags {
  /** A file, or `-` for standard input. */
  readonly query: string;
  readonly operation?: string;
  /** JSON text. */
  readonly variables?: string;
  readonly config?: string;
}

/** `headgate limits`: prints the rate limits that apply to an operation. */
export async function limits(flags: LimitsFlags): Promise<void> {
  const variables = readVariables(flags.variables);
  const config = loadConfig({ file: flags.config });
  const query = await readGivenText('query', flags.query);
  const loaded = await loadSupergraph(originOf(flags));
  if (!loaded.ok) throw new CompositionError(loaded.problems);
  const supergraph = readSupergraph(loaded.update.sdl);
  try {
    const operation = explainedOperation(supergraph, { query, operationName: flags.operation, variables });
    process.stdout.write(explainLimits(operation, supergraph, config.rate_limits));
  } catch (error) {
    throw error instanceof ExplainError ? inFile(flags.query, error) : error;
  }
}
