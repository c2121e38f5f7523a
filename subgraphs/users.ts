import { takeFirst } from './server/arguments.ts';
import type { ServiceDefinition } from './server/schema.ts';
import { readSubgraphSdl } from './server/sdl.ts';
import type { User, World } from './world/types.ts';

/** Who the customers are. The data cannot be changed. */
export function createUsers({ users }: World): ServiceDefinition {
  const usersById = new Map(users.map((user) => [user.id, user]));
  const usersByEmail = new Map(users.map((user) => [user.email, user]));
  return {
    sdl: readSubgraphSdl('users'),
    resolvers: {
      Query: {
        user: (_: unknown, { id }: { id: string }) => usersById.get(id),
        users: (_: unknown, { first }: { first?: number | null }) => takeFirst(users, first),
        searchUsers: (_: unknown, { text, first }: { text: string; first?: number | null }) =>
          takeFirst(findByName(users, text), first).map((user) => ({ __typename: 'User', ...user })),
      },
      User: {
        avatarUrl: ({ id }: User, { size }: { size?: number | null }) =>
          `https://images.example.com/users/${id}/avatar-${size ?? 128}.jpg`,
      },
    },
    entities: {
      User: ({ id, email }: { id?: string; email?: string }) =>
        (id === undefined ? usersByEmail.get(email ?? '') : usersById.get(id)) ?? null,
    },
  };
}

function findByName(users: readonly User[], text: string): User[] {
  const wanted = text.toLowerCase();
  return users.filter(({ name }) => name.toLowerCase().includes(wanted));
}
