import type { GraphQLFormattedError } from 'graphql';
import type { DeferGroup } from '../operation/defer-groups.ts';
import type { ResponsePath } from './errors.ts';
import type { RequestError } from './fragment-errors.ts';

/** The errors that the requests of the same groups caused. */
interface ErrorList {
  /** `undefined`: the requests of the rest. */
  readonly groups: readonly number[] | undefined;
  readonly errors: GraphQLFormattedError[];
}

/**
 * The errors of a streamed execution. Each belongs to the payload of the group that its path is in. One whose path is
 * in no group belongs to the first payload, or to those of the groups that its request was for.
 */
export class DeferredErrors {
  private readonly groups: readonly DeferGroup[];
  private readonly lists = new Map<string, ErrorList>();

  constructor(groups: readonly DeferGroup[]) {
    this.groups = groups;
  }

  /** Returns the list for the errors of requests. */
  listFor(groups: readonly number[] | undefined): GraphQLFormattedError[] {
    const key = groups?.join() ?? '';
    let list = this.lists.get(key);
    if (list === undefined) {
      list = { groups, errors: [] };
      this.lists.set(key, list);
    }
    return list.errors;
  }

  /** Returns all errors, each with the groups that its request was for. */
  get byRequest(): readonly RequestError[] {
    return [...this.lists.values()].flatMap(({ groups, errors }) => errors.map((error) => ({ error, groups })));
  }

  /** Returns the errors of the payload of a group. */
  of(group: number): GraphQLFormattedError[] {
    return this.select((groups, owner) => (owner === undefined ? groups?.includes(group) === true : owner === group));
  }

  /**
   * Returns the errors of the first payload.
   * @param isGone whether a group has no payload, because there is no object for it
   */
  ofRest(isGone: (group: number) => boolean): GraphQLFormattedError[] {
    return this.select((groups, owner) => (owner === undefined ? groups === undefined : isGone(owner)));
  }

  private select(
    isWanted: (groups: readonly number[] | undefined, owner: number | undefined) => boolean,
  ): GraphQLFormattedError[] {
    return [...this.lists.values()].flatMap(({ groups, errors }) =>
      errors.filter(({ path }) => isWanted(groups, path && this.ownerOf(path))),
    );
  }

  /** Returns the innermost group that a path is in. */
  private ownerOf(path: ResponsePath): number | undefined {
    const keys = path.filter((step) => typeof step === 'string');
    let owner: number | undefined;
    for (const [i, { path: own }] of this.groups.entries()) {
      const isLonger = owner === undefined || own.length > (this.groups[owner] as DeferGroup).path.length;
      if (isLonger && own.every((key, at) => keys[at] === key)) owner = i;
    }
    return owner;
  }
}
