import { definePlugin, failureRecorderSlot, type Plugin } from "@baldur/core/plugin";
import { embedded } from "@baldur/embedded";
import { dlq } from "@baldur/pro-dlq";

/** Every commercial package with its defaults, and the embedded store that they keep their state in. @public */
export function pro(): Plugin[] {
  return [dlq(), store()];
}

/**
 * The embedded store, which needs no licence, where an operator names its folder or a package at work needs it: where all
 * of them are inert, nothing else is on the disk than without them.
 */
function store(): Plugin {
  const { name, register } = embedded();
  return definePlugin({
    name,
    register(context) {
      const isNamed = context.storage.dataDir !== undefined;
      if (isNamed || context.slots.isFilled(failureRecorderSlot)) register(context);
    },
  });
}
