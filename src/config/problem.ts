/** One thing that is wrong in a file of the user's (a schema, the config, an endpoint), told so that it can be mended. */
export interface Problem {
  /** Path as the user would type it, relative to the working directory where that is shorter. */
  readonly file: string;
  /** 1-based; 1 when the place is not known; 0 where `file` names no file (an environment variable). */
  readonly line: number;
  /** 1-based; 1 when the place is not known. */
  readonly column: number;
  /** The subgraph that it concerns, if any. */
  readonly subgraph?: string | undefined;
  /** Upper snake case, for machines: `INVALID_GRAPHQL`, `UNKNOWN_CONFIG_KEY`, … */
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
