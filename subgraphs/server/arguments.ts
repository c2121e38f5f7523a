import { GraphQLError } from 'graphql';

/** For a resolver to throw when the client asked for something that cannot be. */
export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

/** The first so many of a list, or all of it. Throws `BAD_USER_INPUT` below 0. */
export function takeFirst<T>(list: readonly T[], first: number | null | undefined): readonly T[] {
  if (first == null) return list;
  if (first < 0) throw badInput(`\`first\` must be 0 or more, not ${first}.`);
  return list.slice(0, first);
}

/** The same, of a list that is kept oldest first: the newest come first. */
export function takeNewest<T>(oldestFirst: readonly T[], first: number | null | undefined): readonly T[] {
  return takeFirst(oldestFirst.toReversed(), first);
}
