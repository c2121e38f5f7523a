import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, startServices } from '../../subgraphs/start.ts';
import { callGraphQL, freePorts } from './call.ts';

let demo: Demo<'recommendations' | 'notifications'>;

beforeAll(async () => {
  demo = await startServices(['recommendations', 'notifications'], { ports: freePorts });
});
afterAll(() => demo.close());

describe('recommendations, a REST API', () => {
  const get = (path: string): Promise<Response> => fetch(`${demo.services.recommendations.url}${path}`);

  it.each(['/products/p1', '/users/u1'])('%s/recommendations is a list, best first', async (path) => {
    const response = await get(`${path}/recommendations?limit=3`);
    expect(response.status).toBe(200);
    const list = (await response.json()) as { productId: string; score: number }[];
    expect(list).toHaveLength(3);
    expect(list[0]).toEqual({
      productId: expect.stringMatching(/^p\d+$/),
      score: expect.any(Number),
      reason: expect.stringContaining('Bought together'),
    });
    const scores = list.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((left, right) => right - left));
  });

  it('does not recommend the product itself', async () => {
    const list = (await (await get('/products/p1/recommendations?limit=50')).json()) as { productId: string }[];
    expect(list.map(({ productId }) => productId)).not.toContain('p1');
  });

  it('those of many products at once, without the ones that there are not', async () => {
    const list = await (await get('/recommendations?products=p2,nobody,p1&limit=2')).json();
    expect(list).toEqual([
      { productId: 'p2', recommendations: [expect.anything(), expect.anything()] },
      { productId: 'p1', recommendations: [expect.anything(), expect.anything()] },
    ]);
    const [, first] = list as { recommendations: unknown }[];
    expect(first?.recommendations).toEqual(await (await get('/products/p1/recommendations?limit=2')).json());
  });

  it.each([
    ['/recommendations', 400, 'products must be 1 to 50 ids with commas between'],
    ['/products/p0/recommendations', 404, 'There is no product "p0"'],
    ['/users/u0/recommendations', 404, 'There is no user "u0"'],
    ['/elsewhere', 404, 'There is nothing at /elsewhere'],
    ['/products/p1/recommendations?limit=none', 400, 'limit must be a whole number, 1 to 50'],
  ])('%s is %i', async (path, status, error) => {
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error });
  });
});

describe('notifications, a GraphQL service without federation', () => {
  const call = (query: string) => callGraphQL(demo.services.notifications.url, query);

  it('lists a user’s, newest first, and those of several users in the order asked for', async () => {
    const { data } = await call(`{
      notifications(userId: "u1") { userId createdAt }
      notificationsByUsers(userIds: ["u2", "nobody", "u1"]) { userId createdAt }
    }`);
    const [ofSecond, ofNobody, ofFirst] = data.notificationsByUsers;
    expect(ofSecond[0].userId).toBe('u2');
    expect(ofNobody).toEqual([]);
    expect(ofFirst).toEqual(data.notifications);
    const times = ofFirst.map(({ createdAt }: { createdAt: string }) => createdAt);
    expect(times).toEqual(times.toSorted().toReversed());
  });

  it('finds users by their ids, null for those that nobody has', async () => {
    const { data } = await call(
      `{ usersByIds(ids: ["u2", "nobody"]) { id notifications(first: 1) { userId user { id } } } }`,
    );
    expect(data.usersByIds).toEqual([{ id: 'u2', notifications: [{ userId: 'u2', user: { id: 'u2' } }] }, null]);
  });

  it('what was marked as read is unread no more', async () => {
    const unread = async (userId: string): Promise<{ id: string }[]> =>
      (await call(`{ notifications(userId: "${userId}", unreadOnly: true) { id } }`)).data.notifications;
    const users = Array.from({ length: 120 }, (_, index) => `"u${index + 1}"`).join();
    const all = await call(`{ notificationsByUsers(userIds: [${users}]) { id userId read } }`);
    const one = all.data.notificationsByUsers.flat().find(({ read }: { read: boolean }) => !read);
    expect(await unread(one.userId)).toContainEqual({ id: one.id });
    const marked = await call(`mutation { markRead(id: "${one.id}") { id read } }`);
    expect(marked.data.markRead).toEqual({ id: one.id, read: true });
    expect(await unread(one.userId)).not.toContainEqual({ id: one.id });
  });

  it('refuses to mark what does not exist', async () => {
    const { errors } = await call('mutation { markRead(id: "n0") { id } }');
    expect(errors).toMatchObject([{ message: 'There is no notification "n0".' }]);
  });

  it('knows nothing of federation', async () => {
    const { errors } = await call('{ _service { sdl } }');
    expect(errors).toMatchObject([{ message: 'Cannot query field "_service" on type "Query".' }]);
  });
});
