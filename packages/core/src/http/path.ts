/** The path of a request, without its query. */
export function pathOf(url: string = "/"): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}
