/** Shows the program on its own page. */
const program = await fetch(new URL('./main.js', import.meta.url));
document.querySelector('code').textContent = await program.text();
