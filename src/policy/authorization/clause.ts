import type { AppliedDirectives } from '../../supergraph/directives.ts';

/** Alternatives, of which one must be granted whole: `[["a", "b"], ["c"]]` is (a and b) or c. */
export type Alternatives = readonly (readonly string[])[];

/** One condition on the client. All clauses of a field must be met. */
export type Clause =
  | { readonly kind: 'authenticated'; readonly text: string }
  | {
      readonly kind: 'scopes' | 'policies';
      readonly alternatives: Alternatives;
      /** A canonical text, the same for equivalent clauses. */
      readonly text: string;
    };

const AUTHENTICATED: Clause = { kind: 'authenticated', text: 'authenticated' };

/** Returns the distinct clauses of the directives on a type or a field. */
export function clausesOf(directives: AppliedDirectives): readonly Clause[] {
  const clauses: Clause[] = [];
  if (directives.has('authenticated')) clauses.push(AUTHENTICATED);
  for (const { scopes } of directives.get('requiresScopes') ?? []) clauses.push(clauseOf('scopes', scopes));
  for (const { policies } of directives.get('policy') ?? []) clauses.push(clauseOf('policies', policies));
  return clauses.length > 1 ? unite([clauses]) : clauses;
}

/** Returns a clause that can never be met if the argument does not follow the specification; the safe direction. */
function clauseOf(kind: 'scopes' | 'policies', argument: unknown): Clause {
  const alternatives = Array.isArray(argument)
    ? argument
        .map((all) => (Array.isArray(all) ? all : [all]))
        .filter((all) => all.every((name) => typeof name === 'string'))
    : [];
  return makeClause(kind, alternatives);
}

function makeClause(kind: 'scopes' | 'policies', alternatives: Alternatives): Clause {
  const simple = simplify(alternatives);
  return { kind, alternatives: simple, text: `${kind} ${JSON.stringify(simple)}` };
}

/** Sorts the alternatives, and drops those that require everything that another one requires. */
function simplify(alternatives: Alternatives): Alternatives {
  const distinct = new Map(alternatives.map((all) => [...new Set(all)].sort()).map((all) => [all.join('\n'), all]));
  const sorted = [...distinct.values()].sort((a, b) => a.length - b.length || (a.join('\n') < b.join('\n') ? -1 : 1));
  const simplified: string[][] = [];
  for (const all of sorted)
    if (!simplified.some((less) => less.every((name) => all.includes(name)))) simplified.push(all);
  return simplified;
}

/** Returns the distinct clauses of several lists. */
export function unite(lists: readonly (readonly Clause[])[]): readonly Clause[] {
  const united = new Map<string, Clause>();
  for (const list of lists) for (const clause of list) united.set(clause.text, clause);
  return [...united.values()];
}

/** Alternatives are not multiplied out beyond this number. */
const MOST_ALTERNATIVES = 1_000;

/**
 * Multiplies out the alternatives of several clauses, as composition does where it merges directives.
 *
 * In:  `[["a"], ["b"]]` and `[["c"]]`
 * Out: `[["a", "c"], ["b", "c"]]`
 */
export function multiply(clauses: readonly Clause[]): readonly Clause[] {
  const product: Clause[] = clauses.filter(({ kind }) => kind === 'authenticated').slice(0, 1);
  for (const kind of ['scopes', 'policies'] as const) {
    let all: Alternatives | undefined;
    for (const clause of clauses) {
      if (clause.kind !== kind) continue;
      const { alternatives } = clause;
      if (all && all.length * alternatives.length > MOST_ALTERNATIVES) return clauses;
      all = all === undefined ? alternatives : simplify(all.flatMap((a) => alternatives.map((b) => [...a, ...b])));
    }
    if (all) product.push(makeClause(kind, all));
  }
  return product;
}

/** Whether all names of one alternative are granted. */
export function isMet(alternatives: Alternatives, granted: { includes(name: string): boolean }): boolean {
  return alternatives.some((all) => all.every((name) => granted.includes(name)));
}
