/** A problem in one of the user's files (a schema, the config, an endpoint), with its place and what to do. */
export interface Problem {
  /** Path relative to the working directory if it is below it, else absolute. */
  readonly file: string;
  /** 1-based; 1 if unknown; 0 if `file` is not a file but an environment variable. */
  readonly line: number;
  /** 1-based; 1 if unknown. */
  readonly column: number;
  /** The subgraph with the problem, if any. */
  readonly subgraph?: string | undefined;
  /** For programs, in upper snake case: `INVALID_GRAPHQL`, `UNKNOWN_CONFIG_KEY`, … */
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
}

/**
 * @example
 * schemas/products.graphql:12:3  [products] INVALID_FIELD_SHARING  Non-shareable field "Product.name" is resolved …
 *     hint: Mark the field with @shareable in every subgraph that resolves it.
 */
export function formatProblem(problem: Problem): string {
  const where = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  const subgraph = problem.subgraph === undefined ? '' : `[${problem.subgraph}] `;
  const message = problem.message.replaceAll('\n', '\n    ');
  const hint = problem.hint === undefined ? '' : `\n    hint: ${problem.hint}`;
  return `${where}  ${subgraph}${problem.code}  ${message}${hint}`;
}
