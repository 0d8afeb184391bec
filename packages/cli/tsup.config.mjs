import { library } from "@baldur/tsup";

export default library(["src/index.ts", "src/main.ts"]);
