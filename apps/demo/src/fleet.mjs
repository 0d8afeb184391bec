import { Service } from "./service.mjs";

/** Shops side by side, each a process of its own. */
export class Fleet {
  /** `optionsOf(number)` are those of one shop's process. */
  constructor(size, optionsOf) {
    this.shops = Array.from({ length: size }, (_, number) => new Service("./shop.mjs", optionsOf(number)));
  }

  get ports() {
    return this.shops.map(({ port }) => port);
  }

  async start(...args) {
    await Promise.all(this.shops.map((shop) => shop.start(...args)));
  }

  /** What the shops answer, by their number. */
  ask() {
    return Promise.all(this.shops.map((shop) => shop.ask()));
  }

  async kill() {
    await Promise.all(this.shops.map((shop) => shop.kill()));
  }
}
