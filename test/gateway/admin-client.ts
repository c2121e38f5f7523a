import { expect } from 'vitest';

export const TOKEN = 'a-token-for-operators';

export interface AdminResponse {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what an operator gets
  readonly body: any;
}

/** Sends a request to the admin API: a POST if there is a body. `path` is the part after `/admin`. */
export async function admin(
  adminUrl: string | undefined,
  path: string,
  body?: object,
  headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` },
): Promise<AdminResponse> {
  expect(adminUrl).toBeDefined();
  const post = {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { ...headers, 'content-type': 'application/json' },
  };
  const response = await fetch(`${adminUrl}${path}`, body === undefined ? { headers } : post);
  return { status: response.status, headers: response.headers, body: await response.json() };
}
