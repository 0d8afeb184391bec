import { keyValueStoreContract } from "@baldur/testkit";
import { Folder } from "./fixture.js";

keyValueStoreContract({
  name: "the embedded store",
  create: async () => {
    const folder = await Folder.create();
    const [first, second] = [await folder.open(), await folder.open()];
    return { first, second, close: () => folder[Symbol.asyncDispose]() };
  },
});
