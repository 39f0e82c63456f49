// node render.js PICTURES OUT FIRST LAST PRESET CRF BROWSER
import {bundle} from '@remotion/bundler';
import {renderMedia, selectComposition} from '@remotion/renderer';
import path from 'node:path';

const [pictures, out, first, last, preset, crf, browserExecutable] = process.argv.slice(2);
const serveUrl = await bundle({
  entryPoint: path.resolve('index.jsx'),
  publicDir: path.resolve(pictures),
});
const chrome = {browserExecutable, chromeMode: 'headless-shell'};
const composition = await selectComposition({serveUrl, id: 'film', ...chrome});
await renderMedia({
  ...chrome,
  serveUrl,
  composition,
  codec: 'h264',
  outputLocation: path.resolve(out),
  frameRange: [Number(first), Number(last)],
  concurrency: 2,
  imageFormat: 'jpeg',
  x264Preset: preset,
  crf: Number(crf),
  muted: true,
});
process.exit(0);
