import { type Env, expand } from '../config/expand.ts';
import type { Expander } from './argument-reader.ts';
import type { Connectors } from './connector.ts';
import { type ConnectorProblem, problemAt } from './connector-problem.ts';

/** Returns an expander for `${VARIABLES}` that reports variables without a value. */
export function expandAll(env: Env): Expander {
  return (text, node, connectorProblems) => {
    const expanded = expand(text, env);
    if (expanded.ok) return expanded.text;
    const message = `The environment variable ${expanded.variable} is not set.`;
    const hint = `Set ${expanded.variable}, or add a default: \${${expanded.variable}:-…}`;
    connectorProblems.push(problemAt(node, 'UNSET_VARIABLE', message, hint));
    return undefined;
  };
}

/** Returns an expander for checks, which replaces variables without a value with a valid placeholder. */
export function expandWherePossible(env: Env): Expander {
  return (text) => {
    let known = env;
    for (;;) {
      const expanded = expand(text, known);
      if (expanded.ok) return expanded.text;
      const isUrlStart = text.startsWith(`\${${expanded.variable}}`) || text.startsWith(`\${env.${expanded.variable}}`);
      known = { ...known, [expanded.variable]: isUrlStart ? 'http://unset.invalid' : 'unset' };
    }
  };
}

/** Reports uses of `$env.NAME` that have neither a value nor a default. */
export function unsetVariables({ connectors, sources }: Connectors, env: Env): ConnectorProblem[] {
  const ofSources = [...sources.values()].flatMap(({ references }) => references);
  const known = new Set<string>();
  return [...ofSources, ...connectors.flatMap(({ references }) => references)].flatMap((reference) => {
    const { variable, path, node, at, isOptional } = reference;
    const [name] = path;
    if (variable !== '$env' || name === undefined || isOptional || env[name] !== undefined || known.has(name))
      return [];
    known.add(name);
    const hint = `Set ${name}, or add a default: $($env.${name} ?? "…")`;
    return [problemAt(node, 'UNSET_VARIABLE', `The environment variable ${name} is not set.`, hint, at)];
  });
}
