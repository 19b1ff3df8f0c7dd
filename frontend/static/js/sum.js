// data-sum: shows the sum of all data-summand fields, which the server shows with each answer anyway.
const sum = document.querySelector("[data-sum]");
document.addEventListener("input", () => {
  const rows = [...document.querySelectorAll(".line-editor__rows .line-editor__row")];
  const kept = rows.filter((row) => !row.querySelector("[name$=-DELETE]").checked);
  sum.value = kept.reduce((total, row) => total + Number(row.querySelector("[data-summand]").value), 0);
});
