/** Why our plan is worse in some cases of the comparison, by their names (fixed by the seed and the number of worlds). */
export const EXPLANATIONS: readonly { readonly cases: readonly string[]; readonly why: string }[] = [
  {
    cases: ['random-1-71/2'],
    why: 'three requests fewer, in one more wave: looking ahead, a request weighs more than a wave.',
  },
  {
    cases: ['random-1-107/1'],
    why: 'one wave fewer, for one more request: what does not wait for a requirement is looked up at once, where they put it off to the request that has to wait.',
  },
];
