// Package demo is the avocado toast shop: a schema file, named queries, a frontend, and data that looks like a shop's.
//
// Everything comes from a fixed seed: two machines make the same rows. The data is skewed as real data is: a few toasts
// and a few regulars make most of the orders, mornings and weekends are busy, and the shop grows.
package demo

import "embed"

// Files are the project's files: schema.graphql, queries/ and public/.
//
//go:embed schema.graphql queries public
var Files embed.FS

// Orders is how many orders the demo has.
const Orders = 50_000
