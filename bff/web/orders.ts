import { defineShape } from 'headgate';

interface Data {
  readonly user: { readonly orders: readonly object[] };
}

/** The graph gives a user's orders in one list, so that pages of it are made here. */
export default defineShape(({ user: { orders } }: Data, { variables }) => {
  const page = Number(variables.page);
  const pageSize = Number(variables.pageSize);
  const pages = Math.ceil(orders.length / pageSize);
  return { page, pages, total: orders.length, orders: orders.slice((page - 1) * pageSize, page * pageSize) };
});

export const schema = {
  type: 'object',
  title: 'OrderPage',
  properties: {
    page: { type: 'integer' },
    pages: { type: 'integer' },
    total: { type: 'integer' },
    orders: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          status: { type: 'string', enum: ['PENDING', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED'] },
          total: { type: 'integer', description: 'In cents of a euro.' },
          placedAt: { type: 'string', format: 'date-time' },
        },
        required: ['id', 'status', 'total', 'placedAt'],
      },
    },
  },
  required: ['page', 'pages', 'total', 'orders'],
};
