package rest

import "github.com/pintail-dev/pintail/fault"

// Limits bound what one request may ask for. The zero value of each is its default.
type Limits struct {
	EmbedDepthMax  int // embeds within embeds: 5
	FilterNodesMax int // comparisons and connectives of all filters: 200
	ItemsMax       int // columns and embeds of all of select: 1,000
	OrdersMax      int // terms of one order: 500
	PathMax        int // steps of a path into JSON: 64
	InValuesMax    int // values of one in list, or under any or all: 1,000
	ParamsMax      int // query parameters: 256
	NestingMax     int // of JSON bodies: 64
}

func (l Limits) withDefaults() Limits {
	set := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	set(&l.EmbedDepthMax, 5)
	set(&l.FilterNodesMax, 200)
	set(&l.ItemsMax, 1000)
	set(&l.OrdersMax, 500)
	set(&l.PathMax, 64)
	set(&l.InValuesMax, 1000)
	set(&l.ParamsMax, 256)
	set(&l.NestingMax, 64)
	return l
}

func tooManyValues(max int) *fault.Fault {
	return fault.Newf(fault.TooMany, "a list has more than %d values", max).
		WithHint("ask in several requests, or join to a table that holds the values")
}

func tooManyNodes(max int) *fault.Fault {
	return fault.Newf(fault.TooMany, "the filters have more than %d conditions", max).
		WithHint("write alternatives of one column as in.(…), or ask in several requests")
}

func tooManyItems(max int) *fault.Fault {
	return fault.Newf(fault.TooMany, "select has more than %d columns and embeds", max).WithHint("ask in several requests")
}

func tooManyOrders(max int) *fault.Fault {
	return fault.Newf(fault.TooMany, "order has more than %d terms", max).WithHint("order by what tells rows apart")
}

func tooDeepPath(max int) *fault.Fault {
	return fault.Newf(fault.TooDeep, "a path into JSON has more than %d steps", max).WithHint("ask for the value above it")
}

func tooDeepEmbeds(max int) *fault.Fault {
	return fault.Newf(fault.TooDeep, "embeds are nested more than %d deep", max).
		WithHint("ask for the deeper rows in a request of their own")
}
