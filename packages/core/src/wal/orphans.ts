import type { Clock } from "../clock.js";
import type { Folder } from "../documents/stores/folder.js";
import { LEFT_BEHIND } from "./files.js";
import { fileOf, parseName, type WalName } from "./names.js";
import type { Identity, Owner } from "./owner.js";
import type { Source } from "./source.js";

export interface OrphansParts {
  readonly folder: Folder;
  readonly name: string;
  readonly identity: Identity;
  readonly clock: Clock;
  /** Whether a file of that id is this log's own. */
  readonly owns: (id: string) => boolean;
}

/** Files that processes left which are gone; whoever renames one first hands it out. */
export class Orphans {
  readonly #signature: Owner;

  constructor(private readonly parts: OrphansParts) {
    this.#signature = parts.identity.next();
  }

  /** Those that this process may claim now, in the order in which they were begun. */
  async find(): Promise<readonly WalName[]> {
    const names = (await this.parts.folder.list()).flatMap((file) => parseName(file, this.parts.name) ?? []);
    const found: WalName[] = [];
    for (const name of names) if (await this.#mayClaim(name)) found.push(name);
    return found.sort((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1));
  }

  /** Undefined where another process was first. */
  async claim(name: WalName): Promise<Source | undefined> {
    const { folder } = this.parts;
    const claimed = { ...name, claim: this.#signature };
    const isMine = this.#isMine(name) || (await folder.rename(fileOf(name), fileOf(claimed)));
    if (!isMine) return undefined;
    return { id: name.id, path: folder.file(fileOf(claimed)), first: 0, count: 0, taken: 0, handed: 0 };
  }

  async #mayClaim(name: WalName): Promise<boolean> {
    if (this.parts.owns(name.id)) return false;
    return this.#isMine(name) || this.#isLeftBehind(name);
  }

  /** Claimed before, and not handed out to the end. */
  #isMine({ claim }: WalName): boolean {
    return claim?.pid === this.#signature.pid && claim.digits === this.#signature.digits;
  }

  async #isLeftBehind(name: WalName): Promise<boolean> {
    const fate = this.parts.identity.fateOf(name.claim ?? name.owner);
    if (fate !== "unknown") return fate === "gone";
    const { stat } = process.getBuiltinModule("node:fs/promises");
    const stats = await stat(this.parts.folder.file(fileOf(name))).catch(() => undefined);
    if (stats === undefined) return false;
    // A write and a heartbeat are seen in the one, a rename in the other.
    return this.parts.clock.now() - Math.max(stats.mtimeMs, stats.ctimeMs) > LEFT_BEHIND;
  }
}

/** Behind the owner's digits; what follows it are digits too. */
function timeOf({ id, owner }: WalName): string {
  return id.slice(id.lastIndexOf(owner.digits) + owner.digits.length);
}
