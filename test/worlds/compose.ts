import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { fieldSetArgumentProblems } from '../../src/composition/field-set-arguments.ts';
import { checkSatisfiability } from '../../src/composition/satisfiability/check.ts';
import { explain } from '../../src/composition/satisfiability/explain.ts';

/** Supergraphs of the worlds of this process: many tests are about the same one. */
const COMPOSED = new Map<string, string>();
const MOST_COMPOSED = 500;

/**
 * Composes subgraphs (name → SDL) into a supergraph SDL. Each subgraph's url is `http://NAME.test`.
 * Throws an error that lists every composition problem, one a line, with its code and the subgraph it came from.
 */
export function composeSupergraph(subgraphs: ReadonlyMap<string, string>): string {
  const key = JSON.stringify([...subgraphs]);
  const known = COMPOSED.get(key);
  if (known !== undefined) return known;
  const supergraphSdl = compose(subgraphs);
  if (COMPOSED.size === MOST_COMPOSED) COMPOSED.clear();
  COMPOSED.set(key, supergraphSdl);
  return supergraphSdl;
}

function compose(subgraphs: ReadonlyMap<string, string>): string {
  const sources = [...subgraphs].map(([name, sdl]) => ({ name, file: name, document: parse(sdl) }));
  const result = composeServices(
    sources.map(({ name, document }) => ({ name, typeDefs: document, url: `http://${name}.test` })),
    { disableValidationRules: ['SatisfiabilityRule'] },
  );
  if (result.supergraphDocumentNode !== undefined) {
    const [problem] = fieldSetArgumentProblems(result.supergraphDocumentNode, sources);
    if (problem) throw new CompositionProblem(`The world's subgraphs do not compose:\n${problem.message}`);
    const [failure] = checkSatisfiability(result.supergraphDocumentNode).failures;
    if (!failure) return result.supergraphSdl;
    throw new CompositionProblem(
      `The world's subgraphs do not compose:\n${explain(failure, result.supergraphDocumentNode).message}`,
    );
  }
  const problems = (result.errors ?? []).map(
    (error) => `  ${String(error.extensions.code ?? 'ERROR')}: ${error.message}`,
  );
  throw new CompositionProblem(`The world's subgraphs do not compose:\n${problems.join('\n')}`);
}

/** The subgraphs of a world do not fit together; the message lists why. */
export class CompositionProblem extends Error {
  override readonly name = 'CompositionProblem';
}
