/** Why our plan is worse in some cases of the comparison, by their names. */
export const EXPLANATIONS: readonly { readonly cases: readonly string[]; readonly why: string }[] = [];
