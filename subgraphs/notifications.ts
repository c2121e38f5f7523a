import { badInput, takeFirst } from './server/arguments.ts';
import type { ServiceDefinition } from './server/schema.ts';
import { readSubgraphSdl } from './server/sdl.ts';
import { groupBy } from './world/group.ts';
import { createRandom } from './world/random.ts';
import { daysAfter } from './world/time.ts';
import type { Order, World } from './world/types.ts';
import { DEMO_SEED } from './world/world.ts';

interface Notification {
  readonly id: string;
  readonly userId: string;
  readonly kind: 'WELCOME' | 'ORDER_PLACED' | 'ORDER_SHIPPED';
  readonly title: string;
  readonly createdAt: string;
  readonly read: boolean;
}

interface NotificationsArguments {
  readonly unreadOnly?: boolean | null;
  readonly first?: number | null;
}

/** What each user was notified of. What is marked as read here is forgotten when the process ends. */
export function createNotifications(world: World): ServiceDefinition {
  const notificationsById = new Map(writeNotifications(world).map((notification) => [notification.id, notification]));
  const idsByUser = groupBy(notificationsById.keys(), (id) => notificationsById.get(id)?.userId ?? '');
  const ofUser = (userId: string): Notification[] =>
    (idsByUser.get(userId) ?? []).flatMap((id) => notificationsById.get(id) ?? []).toReversed();

  const known = new Set(world.users.map(({ id }) => id));
  const unread = (notifications: Notification[], only: boolean | null | undefined): Notification[] =>
    only ? notifications.filter(({ read }) => !read) : notifications;

  const markRead = (_: unknown, { id }: { id: string }): Notification => {
    const notification = notificationsById.get(id);
    if (!notification) throw badInput(`There is no notification "${id}".`);
    const marked = { ...notification, read: true };
    notificationsById.set(id, marked);
    return marked;
  };
  return {
    // A plain GraphQL service: no keys, no entities, nothing of federation is left of the file.
    sdl: readSubgraphSdl('notifications'),
    resolvers: {
      Query: {
        notification: (_: unknown, { id }: { id: string }) => notificationsById.get(id),
        notifications: (_: unknown, { userId, unreadOnly }: { userId: string; unreadOnly?: boolean | null }) =>
          unread(ofUser(userId), unreadOnly),
        notificationsByUsers: (_: unknown, { userIds }: { userIds: readonly string[] }) => userIds.map(ofUser),
        usersByIds: (_: unknown, { ids }: { ids: readonly string[] }) =>
          ids.map((id) => (known.has(id) ? { id } : null)),
      },
      User: {
        notifications: ({ id }: { id: string }, { unreadOnly, first }: NotificationsArguments) =>
          takeFirst(unread(ofUser(id), unreadOnly), first),
      },
      Notification: { user: ({ userId }: Notification) => ({ id: userId }) },
      Mutation: { markRead },
    },
  };
}

/** A welcome for everyone, and one or two for each of the latest 300 orders; oldest first, ids `n1`… */
function writeNotifications({ users, orders }: World): Notification[] {
  const random = createRandom(DEMO_SEED + 7);
  const drafts: Omit<Notification, 'id'>[] = users.map(({ id, name, joinedAt }) => ({
    userId: id,
    kind: 'WELCOME',
    title: `Welcome, ${name}`,
    createdAt: joinedAt,
    read: true,
  }));
  for (const order of orders.slice(-300)) {
    drafts.push(...aboutOrder(order).map((draft) => ({ ...draft, read: random.chance(0.6) })));
  }
  return drafts
    .sort((left, right) => left.createdAt.localeCompare(right.createdAt))
    .map((draft, index) => ({ ...draft, id: `n${index + 1}` }));
}

function aboutOrder({ id, userId, placedAt, shipments }: Order): Omit<Notification, 'id' | 'read'>[] {
  const placed = { userId, kind: 'ORDER_PLACED', title: `Thank you for order ${id}`, createdAt: placedAt } as const;
  if (shipments.length === 0) return [placed];
  return [
    placed,
    { userId, kind: 'ORDER_SHIPPED', title: `Order ${id} is on its way`, createdAt: daysAfter(placedAt, 1.5) },
  ];
}
