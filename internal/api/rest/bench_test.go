package rest

import (
	"strings"
	"testing"
)

var benchOptions = Options{Prefix: "/rest/v1", Default: "public", Exposed: []string{"public"}}

func BenchmarkParse(b *testing.B) {
	row := `{"id":123456,"name":"avocado toast","price":"7.50","tags":["green","bread"],"at":"2024-01-01T00:00:00Z"}`
	for _, c := range []struct {
		name, method, raw, body string
		headers                 map[string][]string
	}{
		{"key", "GET", "id=eq.1", "", nil},
		{"list", "GET", "select=id,name,price&status=eq.open&placed_at=gte.2024-01-01&order=placed_at.desc&limit=20", "", nil},
		{"embeds", "GET", "select=id,placed_at,customer(id,name),items:order_item(quantity,toast(name,price))&or=(status.eq.open,and(total.gt.10,total.lt.20))&items.order=id&limit=20", "",
			map[string][]string{"Prefer": {"count=exact"}}},
		{"escaped", "GET", "name=ilike.%25avocado%20toast%25&id=in.%281%2C2%2C3%29", "", nil},
		{"refused", "GET", "id=1", "", nil},
		{"insert", "POST", "", row, map[string][]string{"Prefer": {"return=representation"}}},
		{"bulk1000", "POST", "columns=id,name,price,tags,at", "[" + strings.Repeat(row+",", 999) + row + "]", nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.body)))
			r := request(c.method, "/order", "/order", c.raw, c.headers, c.body)
			body := strings.NewReader(c.body)
			for b.Loop() {
				if c.body != "" {
					body.Reset(c.body)
					r.Body = body
				}
				if _, err := Parse(r, benchOptions); err != nil && c.name != "refused" {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAnswer(b *testing.B) {
	for _, c := range []struct{ name, raw string }{
		{"key", "id=eq.1"},
		{"list", "select=id,name,price&status=eq.open&placed_at=gte.2024-01-01&order=placed_at.desc&limit=20"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			a, err := Parse(request("GET", "/order", "/order", c.raw, nil, ""), benchOptions)
			if err != nil {
				b.Fatal(err)
			}
			o := Outcome{Body: []byte(`[{"id":1}]`), Rows: 1, Total: -1}
			for b.Loop() {
				if _, err := a.Answer(o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
