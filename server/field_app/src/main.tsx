import { render } from "preact";
import { FieldDatabase } from "./store/database";
import { App } from "./ui/app";
import { applyTextSize } from "./ui/parts/text_size";
import { codeFromLink } from "./ui/route";
import { applyLanguage } from "./words";

applyTextSize();
applyLanguage();
const root = document.getElementById("app");
if (root) render(<App db={new FieldDatabase()} fromLink={codeFromLink()} />, root);
