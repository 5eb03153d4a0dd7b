import { render } from "preact";
import { applyTextSize } from "./ui/parts/text_size";
import { codeFromLink } from "./ui/route";
import { SharedTablet } from "./ui/shared_tablet";
import { applyLanguage } from "./words";

applyTextSize();
applyLanguage();
const root = document.getElementById("app");
if (root) {
  root.replaceChildren(); // what stood there while the script was on its way
  render(<SharedTablet fromLink={codeFromLink()} />, root);
}
