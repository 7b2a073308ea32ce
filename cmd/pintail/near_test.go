package main

import "testing"

func TestNearest(t *testing.T) {
	shop := []string{"customer", "order", "order_item", "toast"}
	for name, want := range map[string]string{
		"tosat": "toast", "Orders": "order", "order_itme": "order_item", "CUSTOMER": "customer", "custo": "customer",
		"cust":  "", // half of the letters
		"zebra": "", "user": "", "invoice": "", "": "", "t": "",
	} {
		if got := nearest(name, shop); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	for _, c := range []struct {
		name  string
		among []string
		want  string
	}{
		{"tost", shop, `; did you mean "toast"?`},
		{"zebra", shop, "; there are customer, order, order_item, toast"},
		{"zebra", shop[:1], "; there is only customer"},
		{"zebra", []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}, "; there are a, b, c, d, e, f, g, h and 2 others"},
	} {
		if got := meant(c.name, c.among); got != c.want {
			t.Errorf("%q among %q: %s", c.name, c.among, got)
		}
	}
	for name, want := range map[string]string{"PINTAIL_LISTN": "; did you mean PINTAIL_LISTEN?", "PINTAIL_ZEBRA": "; docs/config.md lists them all"} {
		if got := variableMeant(name, envNames((&config{}).keys())); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
