// `node --import @baldur/pro/register app.js`: the default runtime has started with every commercial package before the first
// line of the application, whose code does not change. ESM only, because it waits.
import { register } from "@baldur/core/plugin";
import { pro } from "./pro.js";

await register(pro);
