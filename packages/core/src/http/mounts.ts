import { templateOf } from "./endpoint-label.js";

const MOST = 100;
const OTHER_MOUNT = "/*";

/**
 * What routers are mounted at. A path of a mount may have parameters that no router tells of: ids are replaced, and beyond
 * a number of paths the rest are one, so that clients cannot make up endpoints.
 * @public
 */
export class Mounts {
  readonly #templates = new Map<string, string>();

  /** The template of a router's route, below what the router is mounted at. */
  join(mount: string, route: string): string {
    if (mount === "") return route;
    const base = this.#of(mount);
    return route === "/" ? base : `${base}${route}`;
  }

  #of(mount: string): string {
    const known = this.#templates.get(mount);
    if (known !== undefined) return known;
    if (this.#templates.size >= MOST) return OTHER_MOUNT;
    const template = templateOf(mount);
    this.#templates.set(mount, template);
    return template;
  }
}
