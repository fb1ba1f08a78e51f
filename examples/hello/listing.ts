/** Shows the program on its own page. */
import program from './main.ts?raw';

const code = document.querySelector('code');
if (code !== null) code.textContent = program;
