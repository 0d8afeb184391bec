import "./styles/index.css";
import { render } from "preact";
import { App } from "./app.js";
import { startTheme } from "./header/theme.js";
import { Console } from "./state/console.js";

const place = document.getElementById("console");
startTheme();
if (place !== null) render(<App console={new Console(location)} />, place);
