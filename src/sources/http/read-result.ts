export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Returns whether a body is a GraphQL result. GraphQL over HTTP allows one in responses with a 4xx or 5xx status. */
export function isGraphqlResult(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return false;
    return 'data' in value || ('errors' in value && Array.isArray(value.errors));
  } catch {
    return false;
  }
}
