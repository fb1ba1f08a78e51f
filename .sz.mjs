import { rollup } from 'rollup'; import { loadConfigFile } from 'rollup/loadConfigFile';
const { options } = await loadConfigFile('rollup.config.mjs');
const o = options.find((x) => x.input?.index && x.input?.read && x.output[0].entryFileNames==='[name].js' && x.output[0].format==='es');
const b = await rollup(o); const { output } = await b.generate(o.output[0]);
for (const c of output) console.log(c.fileName, c.code.length, c.imports.join(), Object.values(c.modules).filter(m=>m.renderedLength).length>6?'':Object.entries(c.modules).filter(([,m])=>m.renderedLength).map(([id])=>id.replace(/.*\.build\/src\//,'')).join(' '));
