import { formatProblem, type Problem } from '../../config/problem.ts';
import type { ConnectorProblem } from '../../connectors/connector-problem.ts';

/** The connectors of a subgraph cannot be used where the gateway runs; `problems` says why, place by place. */
export class ConnectorsError extends Error {
  override readonly name = 'ConnectorsError';
  readonly problems: readonly Problem[];

  constructor(subgraph: string, connectorProblems: readonly ConnectorProblem[]) {
    const problems = connectorProblems.map((problem) => ({ file: `${subgraph}.graphql`, subgraph, ...problem }));
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}
