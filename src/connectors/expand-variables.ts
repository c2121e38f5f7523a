import { type Env, expand } from '../config/expand.ts';
import type { Expander } from './argument-reader.ts';
import type { Connectors } from './connector.ts';
import { type ConnectorProblem, problemAt } from './connector-problem.ts';

/** Fills in `${VARIABLES}` for running; one without a value is told. */
export function expandAll(env: Env): Expander {
  return (text, node, connectorProblems) => {
    const expanded = expand(text, env);
    if (expanded.ok) return expanded.text;
    const message = `The environment variable ${expanded.variable} is not set.`;
    const hint = `Set ${expanded.variable}, or give it a default: \${${expanded.variable}:-…}`;
    connectorProblems.push(problemAt(node, 'UNSET_VARIABLE', message, hint));
    return undefined;
  };
}

/** The same for checking: what has no value stands for something that would do. */
export function expandWherePossible(env: Env): Expander {
  return (text) => {
    let known = env;
    for (;;) {
      const expanded = expand(text, known);
      if (expanded.ok) return expanded.text;
      const begins = text.startsWith(`\${${expanded.variable}}`) || text.startsWith(`\${env.${expanded.variable}}`);
      known = { ...known, [expanded.variable]: begins ? 'http://unset.invalid' : 'unset' };
    }
  };
}

/** Uses of `$env.NAME` that have no value, and nothing that stands in for it. */
export function unsetVariables({ connectors, sources }: Connectors, env: Env): ConnectorProblem[] {
  const ofSources = [...sources.values()].flatMap(({ references }) => references);
  const known = new Set<string>();
  return [...ofSources, ...connectors.flatMap(({ references }) => references)].flatMap((reference) => {
    const { variable, path, node, at, isOptional } = reference;
    const [name] = path;
    if (variable !== '$env' || name === undefined || isOptional || env[name] !== undefined || known.has(name))
      return [];
    known.add(name);
    const hint = `Set ${name}, or say what stands in for it: $($env.${name} ?? "…")`;
    return [problemAt(node, 'UNSET_VARIABLE', `The environment variable ${name} is not set.`, hint, at)];
  });
}
