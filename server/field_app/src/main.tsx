import { render } from "preact";
import { FieldDatabase } from "./store/database";
import { App } from "./ui/app";
import { codeFromLink } from "./ui/route";

const root = document.getElementById("app");
if (root) render(<App db={new FieldDatabase()} fromLink={codeFromLink()} />, root);
