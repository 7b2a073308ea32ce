package story

import (
	"fmt"
	"math/rand/v2"

	"github.com/pintail-dev/pintail/demo"
)

// What the demo has.
const (
	shopOrders      = demo.Orders
	shopCustomers   = demo.Orders / 10
	shopToasts      = 20
	shopIngredients = 44
)

// A question is a shape of what visitors of the shop ask.
type question struct {
	what string
	ask  func(host string, r *rand.Rand) []byte
}

// questions are what visitors ask besides their orders. Each stands on an index of its own table, or on a table that is small.
func questions() []question {
	path := func(what, format string, most int) question {
		return question{what, func(host string, r *rand.Rand) []byte {
			if most == 0 {
				return get(host, "/rest/v1/"+format)
			}
			return get(host, fmt.Sprintf("/rest/v1/"+format, 1+r.IntN(most)))
		}}
	}
	return []question{
		path("the menu", "toast?select=id,name,price,picture&order=id", 0),
		path("one toast", "toast?id=eq.%d&select=name,description,price", shopToasts),
		path("what is in a toast", "toast_ingredient?toast_id=eq.%d&select=grams,ingredient(name)", shopToasts),
		path("toasts from a price on", "toast?price=gte.%d&select=name,price&order=price&limit=5", 12),
		path("one ingredient", "ingredient?id=eq.%d&select=name,allergens", shopIngredients),
		path("one order", "order?id=eq.%d&select=status,total,placed_at", shopOrders),
		path("what was ordered", "order_item?order_id=eq.%d&select=line,quantity,toast(name)", shopOrders),
		path("the latest orders", "order?select=id,total&order=placed_at.desc&limit=10", 0),
		path("who a customer is", "customer?id=eq.%d&select=name,city", shopCustomers),
		path("an order with its customer", "order?id=eq.%d&select=id,customer(name)", shopOrders),
		path("a toast with its recipe", "toast?id=eq.%d&select=name,recipe:toast_ingredient(grams,ingredient(name))", shopToasts),
		{"an order over GraphQL", func(host string, r *rand.Rand) []byte {
			return send("POST", host, "/v1/graphql", fmt.Sprintf(`{"query": "query one($id: bigint!) { order_by_pk(id: $id) { status total items { quantity } } }", "variables": {"id": %d}}`, 1+r.IntN(shopOrders)))
		}},
	}
}
