/** Whether a path is the prefix or below it: `/bff/web` is below `/bff`, and `/bffs` is not. */
export function isBelow(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  return prefix.endsWith('/') || path.length === prefix.length || path[prefix.length] === '/';
}
