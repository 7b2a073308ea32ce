package schema_test

import (
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

func TestTypesBelowDomains(t *testing.T) {
	integer := schema.Type{Base: schema.Int4, Name: "integer"}
	integers := schema.Type{Base: schema.Int4, Name: "integer", Array: true}
	count := schema.Type{Name: "count", Domain: &schema.Domain{Base: integer}}
	few := schema.Type{Base: schema.Int4, Name: "few", Domain: &schema.Domain{Base: count}} // as inspection has it
	counts := schema.Type{Name: "count", Domain: &schema.Domain{Base: integer}, Array: true}
	list := schema.Type{Name: "list", Domain: &schema.Domain{Base: integers}}
	for _, c := range []struct{ in, under, without schema.Type }{
		{integer, integer, integer}, {integers, integers, integers}, {count, integer, integer}, {few, integer, integer},
		{counts, counts, integers}, {list, integers, integers},
	} {
		if got := c.in.Underlying(); got != c.under {
			t.Errorf("%s: Underlying is %s, want %s", c.in, got, c.under)
		}
		if got := c.in.WithoutDomains(); got != c.without {
			t.Errorf("%s: WithoutDomains is %s, want %s", c.in, got, c.without)
		}
		if got := c.in.Kind(); got != schema.Int4 {
			t.Errorf("%s: Kind is %d, want that of integer", c.in, got)
		}
	}
}
