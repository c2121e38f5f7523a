import type { DocumentNode } from 'graphql';
import type { Problem } from '../../config/problem.ts';
import type { EventUse } from '../../supergraph/events.ts';
import { locate } from '../locate.ts';
import type { SourceDefinition } from '../source-definition.ts';
import { placeOf } from '../source-file.ts';
import { checkSatisfiability } from './check.ts';
import { type Explanation, explain } from './explain.ts';
import { TooManyStates } from './explore.ts';

/**
 * Returns the fields that clients could select but that no subgraph can resolve, each at the place where a subgraph defines it.
 * @param events the fields of the sources whose values are messages of brokers
 */
export function satisfiabilityProblems(
  supergraph: DocumentNode,
  sources: readonly SourceDefinition[],
  events: readonly EventUse[] = [],
): Problem[] {
  try {
    const { failures } = checkSatisfiability(supergraph, events);
    return failures.map((failure) => asProblem(explain(failure, supergraph), sources));
  } catch (error) {
    if (!(error instanceof TooManyStates)) throw error;
    return [tooManyStates(error, sources)];
  }
}

function asProblem({ message, hint, places }: Explanation, sources: readonly SourceDefinition[]): Problem {
  const found = places.flatMap(({ subgraph, coordinate }) => placesIn(subgraph, coordinate, sources));
  const [first, ...more] = [...new Map(found.map((place) => [place.text, place])).values()];
  const others = more.length > 0 ? ` See also ${more.map(({ text }) => text).join(', ')}.` : '';
  return {
    file: first?.source.file ?? sources[0]?.file ?? 'schemas',
    line: first?.line ?? 1,
    column: first?.column ?? 1,
    subgraph: first && [...new Set([first, ...more].map(({ source }) => source.name))].join(', '),
    code: 'SATISFIABILITY_ERROR',
    message,
    hint: `${hint}${others}`,
  };
}

function placesIn(subgraph: string, coordinate: string, sources: readonly SourceDefinition[]) {
  const source = sources.find(({ name }) => name === subgraph);
  const node = source && locate(source.document, coordinate);
  if (!source || !node) return [];
  const { line, column } = placeOf(node);
  return [{ source, line, column, text: `${source.file}:${line}:${column}` }];
}

function tooManyStates({ typeName }: TooManyStates, sources: readonly SourceDefinition[]): Problem {
  const place = sources.flatMap(({ name }) => placesIn(name, typeName, sources))[0];
  return {
    file: place?.source.file ?? sources[0]?.file ?? 'schemas',
    line: place?.line ?? 1,
    column: place?.column ?? 1,
    subgraph: place?.source.name,
    code: 'SATISFIABILITY_UNKNOWN',
    message: `The check whether every field of "${typeName}" can be resolved on every path takes too long.`,
    hint: 'Give the type a @key in every subgraph that has it, or define its fields in the same subgraphs.',
  };
}
