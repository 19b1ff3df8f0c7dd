// data-unsaved: asks before a page with unsaved input is left; htmx saving the form settles it.
const unsaved = new Set();

document.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-unsaved]");
  if (form) unsaved.add(form);
});
document.addEventListener("submit", ({ target }) => unsaved.delete(target));
document.addEventListener("htmx:afterRequest", ({ target, detail }) => detail.successful && unsaved.delete(target));
addEventListener("beforeunload", (event) => unsaved.size && event.preventDefault());
