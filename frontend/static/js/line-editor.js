// data-line-editor: adds a row in place, where the button would otherwise save and come back with one more.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-line-editor] [name=add_line]");
  if (!button) return;
  const editor = button.closest("[data-line-editor]");
  const total = editor.querySelector("[name$=-TOTAL_FORMS]");
  const row = editor.querySelector("template").innerHTML.replaceAll("__prefix__", total.value);
  editor.querySelector(".line-editor__rows").insertAdjacentHTML("beforeend", row);
  total.value = Number(total.value) + 1;
  editor.querySelector(".line-editor__row:last-child .line-editor__fields :is(input, select, textarea)").focus();
  event.preventDefault();
});
