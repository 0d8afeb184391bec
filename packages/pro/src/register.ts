// `node --import @baldur/pro/register app.js`: the default runtime starts with every commercial package, and the application
// changes no code.
import { init } from "@baldur/core";
import { pro } from "./pro.js";

await init({ plugins: pro() });
