import { render } from "preact";
import { FieldDatabase } from "./store/database";
import { App } from "./ui/app";
import { applyTextSize } from "./ui/parts/text_size";
import { codeFromLink } from "./ui/route";

applyTextSize();
const root = document.getElementById("app");
if (root) {
  root.replaceChildren(); // what stood there while the script was on its way
  render(<App db={new FieldDatabase()} fromLink={codeFromLink()} />, root);
}
