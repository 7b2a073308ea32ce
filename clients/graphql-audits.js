// Runs every audit of graphql-http on the endpoint whose URL is the argument: one line each, "ok" or what is wrong.
import { serverAudits } from 'graphql-http'

for (const audit of serverAudits({ url: process.argv[2] })) {
  const result = await audit.fn()
  console.log(`${result.status} ${audit.id} ${audit.name}${result.reason ? ': ' + result.reason : ''}`)
}
