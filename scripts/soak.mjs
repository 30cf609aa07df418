// `npm run soak [-- members]`: a day in the life of a group of consumers, on virtual time; 32 members at one time unless
// told. With 200 it takes ten minutes for each kind of group.
const [members = '32'] = process.argv.slice(2)
if (!/^[1-9]\d{0,3}$/.test(members)) {
  console.error(`${members} is no number of members from 1 to 9999`)
  process.exit(1)
}
process.env.SOAK = members
process.argv.splice(2, Infinity, 'client/dist/soak.test')
await import('./test.mjs')
