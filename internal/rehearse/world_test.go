package rehearse

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

const shopText = `
enum state { open paid served }

type city @table {
  id: Int! @id @column(identity: BY_DEFAULT)
  name: String! @unique
}

type customer @table @index(columns: ["city_id"]) {
  id: bigint! @id @column(identity: BY_DEFAULT)
  email: String! @unique
  name: String!
  city_id: Int
  city: city @relation(columns: ["city_id"])
  vip: Boolean! @default(value: "false")
}

type order @table @index(columns: ["customer_id", "-placed_at"]) @check(name: "total_positive", where: {total: {_gt: "0"}}) {
  id: uuid! @id
  customer_id: bigint!
  customer: customer! @relation(columns: ["customer_id"])
  state: state!
  total: numeric! @column(type: "numeric(8,2)")
  note: String
  extras: jsonb!
  placed_at: timestamptz!
  items: [item!]! @inverse(of: "order")
}

type item @table {
  order_id: uuid! @id
  line: smallint! @id
  order: order! @relation(columns: ["order_id"])
  sku: String!
  quantity: Int!
}

type tag @table {
  id: Int! @id @column(identity: BY_DEFAULT)
  name: String! @unique
}

type order_tag @table {
  order_id: uuid! @id
  tag_id: Int! @id
  order: order! @relation(columns: ["order_id"])
  tag: tag! @relation(columns: ["tag_id"])
}

type person @table {
  id: bigint! @id @column(identity: BY_DEFAULT)
  boss_id: bigint
  boss: person @relation(columns: ["boss_id"])
  born: date
}
`

func shopSchema(t testing.TB) *schema.Schema {
	t.Helper()
	s, mistakes := schema.Parse(schema.Source{Name: "shop.graphql", Text: shopText})
	if len(mistakes) > 0 {
		t.Fatal(schema.Mistakes(mistakes))
	}
	return s
}

// shopCapture is what a shop with 4,000 orders of 400 customers looks like.
func shopCapture() *Capture {
	text := &Lengths{Min: 8, P50: 20, P95: 40, Max: 60}
	grows, fixed := [3]float64{0.25, 0.5, 1}, [3]float64{1, 1, 1}
	column := func(name string, distinct int64, how [3]float64, common ...float64) Column {
		return Column{Name: name, Distinct: distinct, Grows: how, Common: common, Lengths: text}
	}
	ordered := func(c Column) Column { c.Order = 1; return c }
	note := column("note", 300, grows)
	note.Nulls = 0.9
	city := column("city_id", 30, fixed)
	city.Nulls = 0.1
	boss := column("boss_id", 100, grows)
	boss.Nulls = 0.05
	return &Capture{Format: Format, Engine: "sqlite", Tables: []Table{
		{Name: "city", Rows: 30, Columns: []Column{ordered(column("id", 30, grows)), column("name", 30, grows)}},
		{Name: "customer", Rows: 400, Columns: []Column{ordered(column("id", 400, grows)), column("email", 400, grows), column("name", 350, grows), city, column("vip", 2, fixed, 0.97, 0.03)},
			FanOuts: []FanOut{{Columns: []string{"city_id"}, To: "city", Parents: 30, Degrees: []Degree{{Most: 12, Parents: 1, Children: 1}}}}},
		{Name: "order", Rows: 4000, Columns: []Column{column("id", 4000, grows), column("customer_id", 300, grows), column("state", 3, fixed, 0.9, 0.07, 0.03),
			column("total", 900, fixed), note, column("extras", 4000, grows), ordered(column("placed_at", 4000, grows))},
			FanOuts: []FanOut{{Columns: []string{"customer_id"}, To: "customer", Parents: 400, Childless: 0.25, Top: []int64{300, 100},
				Degrees: []Degree{{Most: 8, Parents: 0.5, Children: 0.25}, {Most: 24, Parents: 0.4934, Children: 0.65}, {Most: 512, Parents: 0.0066, Children: 0.1}}}}},
		{Name: "item", Rows: 8000, Columns: []Column{ordered(column("order_id", 4000, grows)), column("line", 4, fixed), column("sku", 50, fixed, 0.2), column("quantity", 9, fixed)},
			FanOuts: []FanOut{{Columns: []string{"order_id"}, To: "order", Parents: 4000, Top: []int64{4, 4}, Degrees: []Degree{{Most: 1, Parents: 0.4, Children: 0.2}, {Most: 3, Parents: 0.5, Children: 0.6}, {Most: 4, Parents: 0.1, Children: 0.2}}}}},
		{Name: "tag", Rows: 20, Columns: []Column{ordered(column("id", 20, grows)), column("name", 20, grows)}},
		{Name: "order_tag", Rows: 6000, Columns: []Column{column("order_id", 3000, grows), column("tag_id", 20, fixed)},
			FanOuts: []FanOut{{Columns: []string{"order_id"}, To: "order", Parents: 4000, Childless: 0.25, Degrees: []Degree{{Most: 2, Parents: 1, Children: 1}}}}},
		{Name: "person", Rows: 1000, Columns: []Column{ordered(column("id", 1000, grows)), boss, column("born", 700, grows)},
			FanOuts: []FanOut{{Columns: []string{"boss_id"}, To: "person", Parents: 1000, Childless: 0.9, Degrees: []Degree{{Most: 12, Parents: 1, Children: 1}}}}},
	}}
}

func shopModel(t testing.TB) *model {
	t.Helper()
	m, err := modelOf(shopCapture(), shopSchema(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (w *world) named(name string) *shadowTable {
	for _, st := range w.tables {
		if st.table.Name.Name == name {
			return st
		}
	}
	return nil
}

func (st *shadowTable) text(column string, row int64) string {
	c, _ := st.table.Column(column)
	return textOf(c, st.value(c.Position, row))
}

func TestSettle(t *testing.T) {
	m := shopModel(t)
	var fixed, roots []string
	for _, tm := range m.tables {
		if tm.fixed {
			fixed = append(fixed, tm.table.Name.Name)
		}
		if tm.root {
			roots = append(roots, tm.table.Name.Name)
		}
	}
	if want := []string{"city", "tag"}; !slices.Equal(fixed, want) {
		t.Errorf("%v are look-up tables, want %v", fixed, want)
	}
	if want := []string{"customer", "person"}; !slices.Equal(roots, want) {
		t.Errorf("%v are roots, want %v", roots, want)
	}
}

// TestWorldHolds looks whether keys are unique, foreign keys lead to rows, and checks hold, at several sizes.
func TestWorldHolds(t *testing.T) {
	m := shopModel(t)
	for _, scenario := range []Scenario{More, Bigger} {
		for _, x := range []float64{0.25, 1, 3} {
			w := m.build(1, scenario, x)
			for _, st := range w.tables {
				name := fmt.Sprintf("%s, %v times, %s", scenario, x, st.table.Name.Name)
				if st.unknown != "" {
					t.Errorf("%s: %s", name, st.unknown)
				}
				if want := st.sized(scenario, x); st.rows < want*98/100 || st.rows > want {
					t.Errorf("%s: %d rows, want %d", name, st.rows, want)
				}
				for _, key := range st.keys() {
					seen := map[string]bool{}
					for row := range st.rows {
						k := ""
						for _, c := range key {
							k += textOf(c, st.value(c.Position, row)) + "\x00"
						}
						if seen[k] {
							t.Fatalf("%s: key %q stands twice", name, k)
						}
						seen[k] = true
					}
				}
				for _, l := range st.links {
					parents := map[string]bool{}
					for row := range l.parent.rows {
						parents[textOf(l.key.References[0], l.parent.value(l.key.References[0].Position, row))] = true
					}
					for row := range st.rows {
						if v := textOf(l.key.Columns[0], st.value(l.key.Columns[0].Position, row)); v != "" && !parents[v] {
							t.Fatalf("%s: %s %s leads nowhere", name, l.key.Columns[0].Name, v)
						}
					}
				}
			}
			orders := w.named("order")
			for row := range orders.rows {
				if v := orders.text("total", row); v == "0.00" || v[0] == '-' {
					t.Fatalf("an order's total is %s", v)
				}
			}
		}
	}
}

// TestWorldIsLikeProduction compares a world of production's size with the capture that it was made of.
func TestWorldIsLikeProduction(t *testing.T) {
	w := shopModel(t).build(1, More, 1)
	orders := w.named("order")
	states, customers, notes := map[string]int{}, map[string]int{}, 0
	last, falls := "", 0
	for row := range orders.rows {
		states[orders.text("state", row)]++
		customers[orders.text("customer_id", row)]++
		if orders.text("note", row) != "" {
			notes++
		}
		at := orders.text("placed_at", row)
		if at < last {
			falls++
		}
		last = at
	}
	var shares, degrees []int
	for _, n := range states {
		shares = append(shares, n)
	}
	for _, n := range customers {
		degrees = append(degrees, n)
	}
	slices.Sort(shares)
	slices.Sort(degrees)
	slices.Reverse(degrees)
	near := func(what string, got, want, within float64) {
		if math.Abs(got-want) > within {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	near("orders of the commonest state", float64(shares[2]), 3600, 80)
	near("orders of the rarest state", float64(shares[0]), 120, 40)
	near("orders with a note", float64(notes), 400, 60)
	near("customers with orders", float64(len(customers)), 300, 8)
	near("orders of the hottest customer", float64(degrees[0]), 300, 0)
	near("orders of the next", float64(degrees[1]), 100, 10)
	near("orders that lie before the one before", float64(falls), 0, 0)
}

func TestWorldIsPure(t *testing.T) {
	a, b := shopModel(t).build(7, More, 0.5), shopModel(t).build(7, More, 0.5)
	other := shopModel(t).build(8, More, 0.5)
	same, all := 0, 0
	for i, st := range a.tables {
		for row := st.rows - 1; row >= 0; row -= 3 {
			for c := range st.columns {
				if x, y := fmt.Sprint(st.value(c, row)), fmt.Sprint(b.tables[i].value(c, row)); x != y {
					t.Fatalf("%s, row %d: %s and %s", st.table.Name.Name, row, x, y)
				}
				all++
				if fmt.Sprint(st.value(c, row)) == fmt.Sprint(other.tables[i].value(c, row)) {
					same++
				}
			}
		}
	}
	if same > all*2/3 {
		t.Errorf("of %d values %d are the same by another seed", all, same)
	}
}

func TestBiggerGrowsTheHottest(t *testing.T) {
	m := shopModel(t)
	for _, x := range []float64{1, 2, 8} {
		l := m.build(1, Bigger, x).named("order").links[0]
		more := m.build(1, More, x).named("order").links[0]
		if got, want := l.children(0), int64(300*x); got != want {
			t.Errorf("bigger, %v times: the hottest customer has %d orders, want %d", x, got, want)
		}
		if got := more.children(0); got != 300 {
			t.Errorf("more, %v times: the hottest customer has %d orders, want 300", x, got)
		}
		if got := m.build(1, Bigger, x).named("customer").rows; got != 400 {
			t.Errorf("bigger, %v times: %d customers, want 400", x, got)
		}
	}
}

func TestLadder(t *testing.T) {
	m := shopModel(t)
	for _, rows := range []int64{RowsLeast, 100_000, RowsDefault, 10_000_000} {
		for _, s := range []Scenario{More, Bigger} {
			xs := m.ladder(s, rows)
			if len(xs) < rungsLeast || len(xs) > rungsMost {
				t.Fatalf("%d rows, %s: %d rungs", rows, s, len(xs))
			}
			for i := 1; i < len(xs); i++ {
				if xs[i] != 2*xs[i-1] {
					t.Errorf("%v are no doublings", xs)
				}
			}
			if m.driving(s, xs[0]) < bottomRows*9/10 {
				t.Errorf("%d rows, %s: the lowest rung has %d", rows, s, m.driving(s, xs[0]))
			}
			if top := m.total(s, xs[len(xs)-1]); top > rows && m.driving(s, xs[len(xs)-1]) > bottomRows<<rungsLeast {
				t.Errorf("%d rows, %s: the top has %d", rows, s, top)
			}
		}
	}
}

// TestOldCustomersAreRegulars has most of the orders of the first customers, and of the last.
func TestOldCustomersAreRegulars(t *testing.T) {
	even := []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}
	for name, test := range map[string]struct {
		spread []float64
		want   int
	}{
		"old ones":  {[]float64{0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.35, 0.5, 0.8}, 1},
		"new ones":  {[]float64{0.2, 0.5, 0.65, 0.8, 0.88, 0.93, 0.96, 0.98, 0.99}, -1},
		"any":       {even, 0},
		"not known": {nil, 0},
	} {
		c := shopCapture()
		c.Tables[1].Columns[0].Spread, c.Tables[2].Columns[1].Spread = even, test.spread
		m, err := modelOf(c, shopSchema(t))
		if err != nil {
			t.Fatal(err)
		}
		l := m.build(1, More, 2).named("order").links[0]
		if l.first != test.want {
			t.Errorf("%s: first is %d, want %d", name, l.first, test.want)
		}
		hottest := l.ranks.from(0)
		if test.want == 1 && hottest > l.parent.rows/50 || test.want == -1 && hottest < l.parent.rows*49/50 {
			t.Errorf("%s: the hottest customer is number %d", name, hottest)
		}
	}
}

// TestPickOfPairs wants tags by how many orders have them.
func TestPickOfPairs(t *testing.T) {
	st := shopModel(t).build(1, More, 1).named("order_tag")
	l := st.links[slices.IndexFunc(st.links, func(l *lineage) bool { return l.pairs != nil })]
	count := map[int64]int64{}
	for row := range st.rows {
		if parent, _, ok := l.parentRow(row); ok {
			count[parent]++
		}
	}
	for _, matches := range []int64{count[0], count[7]} {
		got, ok := l.pick(want{place: 0.4}, matches)
		if off := abs(count[got] - matches); !ok || off > 60 {
			t.Errorf("the parent picked has %d rows, want about %d", count[got], matches)
		}
	}
}

// TestTriesMeetAsMany asks for rows by their key whose children come back too: the same tries meet about as many of them at every size.
func TestTriesMeetAsMany(t *testing.T) {
	c := shopCapture()
	m, err := modelOf(c, shopSchema(t))
	if err != nil {
		t.Fatal(err)
	}
	order, _ := m.schema.TableNamed(schema.Name{Name: "order"})
	key, _ := order.Column("id")
	var first float64
	for _, x := range []float64{0.5, 1, 2, 4} {
		w := m.build(1, More, x)
		r := &replay{shape: &Shape{}, seed: 5}
		r.plan = planOf(t, m.schema, from("order", eq("id"), func(s *query.Select) {
			s.Items = append(s.Items, &query.Embed{Target: "items", Select: &query.Select{Items: []query.Item{&query.Output{Star: true}}}})
		}))
		st := w.of[order]
		of := r.children(w, st)
		rows := map[string]int64{}
		for row := range st.rows {
			rows[st.value(key.Position, row).(string)] = row
		}
		met := 0.0
		for n := range 32 {
			id := r.equal(w, st, &st.columns[key.Position], r.want(0, shape.Typical, n), -1)
			met += float64(of.children(of.ranks.of(rows[id.(string)])))
		}
		if first == 0 {
			first = met
		}
		if math.Abs(met/first-1) > 0.03 {
			t.Errorf("at %vx 32 orders have %v items, at the least size %v", x, met, first)
		}
	}
}
