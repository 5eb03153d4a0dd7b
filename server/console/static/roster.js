// The card for a roster's file: the whole of it takes a drop, and it says in Chinese which file is chosen. Without this
// script the browser's own field does the same, in the browser's own words.
"use strict";
for (const card of document.querySelectorAll("form.drop")) {
  const input = card.querySelector("input[type=file]");
  const chosen = card.querySelector(".chosen");
  const aloud = card.querySelector("[role=status]");
  const first = chosen.textContent;
  const show = () => {
    const name = input.files.length ? input.files[0].name : "";
    chosen.textContent = name || first;
    aloud.textContent = name && `已选择 ${name}`;
  };
  const holdsFiles = (event) => event.dataTransfer.types.includes("Files");
  card.classList.add("ready");
  input.addEventListener("change", show);
  card.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    card.classList.add("over");
  });
  card.addEventListener("dragleave", (event) => {
    if (!card.contains(event.relatedTarget)) card.classList.remove("over");
  });
  card.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    card.classList.remove("over");
    const one = new DataTransfer(); // a roster is one file
    if (event.dataTransfer.files.length) one.items.add(event.dataTransfer.files[0]);
    input.files = one.files;
    show();
  });
  show(); // the browser keeps the choice when the page is shown again
}
