// Before anything is drawn: the light or dark that the reader chose in this browser; else the system's holds.
try {
  const theme = localStorage.getItem("legation.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch (error) {
  console.warn(`The browser keeps nothing for this page: ${error.message}`);
}
