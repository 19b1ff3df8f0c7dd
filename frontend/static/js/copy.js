// data-copy: copies the text of the element with that id. The button is hidden until this script can serve it.
const buttons = document.querySelectorAll("[data-copy]");

if (navigator.clipboard) buttons.forEach((button) => (button.hidden = false));
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  button.textContent = "已复制";
});
