import { formatProblem, type Problem } from '../../config/problem.ts';
import type { ConnectorProblem } from '../../connectors/connector-problem.ts';

/** Connectors of a subgraph that the gateway cannot use. `problems` lists the reasons with their locations. */
export class ConnectorsError extends Error {
  override readonly name = 'ConnectorsError';
  readonly problems: readonly Problem[];

  constructor(subgraph: string, connectorProblems: readonly ConnectorProblem[]) {
    const problems = connectorProblems.map((problem) => ({ file: `${subgraph}.graphql`, subgraph, ...problem }));
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}
