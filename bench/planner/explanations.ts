/** Why our plan is worse in some cases of the comparison, by their names (fixed by the seed and the number of worlds). */
export const EXPLANATIONS: readonly { readonly cases: readonly string[]; readonly why: string }[] = [
  {
    cases: ['demo/two-reviews'],
    why: 'they send both mutation fields in one document, so that the second has run before what belongs to the first is read. We keep to the order of the specification: the next field of a mutation starts when the one before is complete.',
  },
  {
    cases: ['random-1-9/1'],
    why: 'the same field is read at two places; only for one of them is it cheaper to ask the subgraph that has both it and its key. Ours does not see that this subgraph is asked in that wave anyway, and chooses for each place alone.',
  },
  {
    cases: ['random-1-14/1'],
    why: 'a root field is asked of three subgraphs where two would do: the one chosen first gives nothing that the other two together do not, and what was chosen is not looked at again.',
  },
  {
    cases: ['random-1-118/0'],
    why: 'a shared field is asked again of a second subgraph, and a look-up then waits for that one, though its key came a wave before.',
  },
  {
    cases: ['random-1-178/1'],
    why: 'looking ahead, a subgraph seems to be a dead end: below it is a value type that lacks a field there. That the value as a whole can be had from another subgraph, through the entity above it, is not seen.',
  },
  {
    cases: ['conformance-7ed7ea/0'],
    why: 'the field takes an argument by `@fromContext`. They leave the argument out; we refuse what we cannot pass on yet.',
  },
  {
    cases: ['random-1-93/2'],
    why: 'fewer requests, but in more waves. Looking ahead, ours counts a subgraph that is needed at several places of the same depth once for each, though they share one request; so it moves to that subgraph earlier than it need.',
  },
];
