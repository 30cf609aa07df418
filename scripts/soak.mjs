// `npm run soak`: a day in the life of 200 consumers, on virtual time.
process.env.SOAK = 'day'
process.argv.splice(2, Infinity, 'client/dist/soak.test')
await import('./test.mjs')
